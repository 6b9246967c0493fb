-- Leases turns: for the numbers that are due, in order, at most one burst of each one's budget (GCRA).
-- KEYS: schedule, generations, rates, arrivals.
-- ARGV: most numbers, most messages, burst in microseconds.
-- Returns a flat list: number, generation, granted messages, … and last the microseconds until the next number is due
-- (-1 when none waits).
local now = redis.call('TIME')
local now_us = tonumber(now[1]) * 1000000 + tonumber(now[2])
local left, burst_us = tonumber(ARGV[2]), tonumber(ARGV[3])
local grants = {}
local due = redis.call('ZRANGE', KEYS[1], '-inf', now_us, 'BYSCORE', 'LIMIT', 0, tonumber(ARGV[1]))
for _, number in ipairs(due) do
  if left <= 0 then break end
  local rate = tonumber(redis.call('HGET', KEYS[3], number) or '1')
  local interval = 1000000 / rate
  -- One burst, or one message where a message takes longer than the burst.
  local depth = math.max(burst_us, interval)
  -- An unknown limiter starts empty: losing the keys adds no burst.
  local arrival = math.max(tonumber(redis.call('HGET', KEYS[4], number) or (now_us + depth)), now_us)
  local granted = math.min(math.floor((now_us + depth - arrival) / interval + 0.000001), left)
  if granted > 0 then
    arrival = arrival + granted * interval
    left = left - granted
    grants[#grants + 1] = number
    grants[#grants + 1] = redis.call('HGET', KEYS[2], number) or '0'
    grants[#grants + 1] = granted
  end
  redis.call('HSET', KEYS[4], number, string.format('%.0f', arrival))
  -- Its next turn, behind the others: when the whole burst is there again.
  redis.call('ZADD', KEYS[1], string.format('%.0f', math.max(arrival, now_us + 1)), number)
end
local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
grants[#grants + 1] = first[2] and string.format('%.0f', math.max(tonumber(first[2]) - now_us, 0)) or '-1'
return grants
