-- Leases turns: for the numbers that are due, in order, at most one burst of each one's budget (GCRA). A number that Meta
-- has refused rests first, and then has a share of its rate that grows back to the whole.
-- KEYS: schedule, generations, rates, arrivals, slowness (see slow_down.lua).
-- ARGV: most numbers, most messages, burst in microseconds, the microseconds in which a share grows from nothing to 1.
-- Returns a flat list: number, generation, granted messages, … and last the microseconds until the next number is due
-- (-1 when none waits).
local now = redis.call('TIME')
local now_us = tonumber(now[1]) * 1000000 + tonumber(now[2])
local left, burst_us, recovery_us = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])

-- The share of its rate that a number has now, and until when it rests.
local function slowness(number)
  local known = redis.call('HGET', KEYS[5], number)
  if not known then return 1, 0 end
  local share, halved_us, until_us = string.match(known, '(%S+) (%S+) (%S+)')
  until_us = tonumber(until_us)
  share = tonumber(share) + math.max(0, now_us - math.max(tonumber(halved_us), until_us)) / recovery_us
  if share < 1 or until_us > now_us then return math.min(share, 1), until_us end
  redis.call('HDEL', KEYS[5], number)
  return 1, 0
end

local grants = {}
local due = redis.call('ZRANGE', KEYS[1], '-inf', now_us, 'BYSCORE', 'LIMIT', 0, tonumber(ARGV[1]))
for _, number in ipairs(due) do
  if left <= 0 then break end
  local share, until_us = slowness(number)
  local rate = share * tonumber(redis.call('HGET', KEYS[3], number) or '1')
  local interval = 1000000 / rate
  -- One burst, or one message where a message takes longer than the burst.
  local depth = math.max(burst_us, interval)
  -- An unknown limiter starts empty: losing the keys adds no burst.
  local arrival = math.max(tonumber(redis.call('HGET', KEYS[4], number) or (now_us + depth)), now_us)
  local granted = 0
  if until_us <= now_us then
    -- The instants first: a sum of one of them and an interval would be rounded to quarters of a microsecond.
    granted = math.min(math.floor((now_us - arrival + depth) / interval + 0.000001), left)
  end
  if granted > 0 then
    arrival = arrival + granted * interval
    left = left - granted
    grants[#grants + 1] = number
    grants[#grants + 1] = redis.call('HGET', KEYS[2], number) or '0'
    grants[#grants + 1] = granted
  end
  redis.call('HSET', KEYS[4], number, string.format('%.0f', arrival))
  -- Its next turn, behind the others: when the whole burst is there again and it rests no more.
  redis.call('ZADD', KEYS[1], string.format('%.0f', math.max(arrival, until_us, now_us + 1)), number)
end
local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
grants[#grants + 1] = first[2] and string.format('%.0f', math.max(tonumber(first[2]) - now_us, 0)) or '-1'
return grants
