-- Meta's pair rate as GCRA: one message every interval, with a burst that is owed to the future.
-- KEYS: one a pair.   ARGV: interval and burst in microseconds, how long to keep a key in milliseconds.
-- Returns for each pair 0 when it may go (and is charged) or the microseconds until it may.
local now = redis.call('TIME')
local now_us = tonumber(now[1]) * 1000000 + tonumber(now[2])
local interval, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local waits = {}
for i, key in ipairs(KEYS) do
  local arrival = math.max(tonumber(redis.call('GET', key) or now_us), now_us)
  local wait = arrival - now_us - burst
  if wait > 0 then
    waits[i] = string.format('%.0f', wait)
  else
    redis.call('SET', key, string.format('%.0f', arrival + interval), 'PX', ARGV[3])
    waits[i] = '0'
  end
end
return waits
