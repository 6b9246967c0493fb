-- Meta's pair rate as GCRA: one message every interval, with a burst that is owed to the future.
-- KEYS: since when nothing was sent that is not known here, then one a pair.
-- ARGV: interval and burst in microseconds, how long to keep a key in milliseconds; then for each pair how many messages
-- it owes, or -1.
-- Returns for each pair 0 when it may go (and is charged), or the microseconds until it may, or -1 (not charged) when that
-- is not known here and was not told.
local now = redis.call('TIME')
local now_us = tonumber(now[1]) * 1000000 + tonumber(now[2])
local interval, burst, keep_ms = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local since_us = tonumber(redis.call('GET', KEYS[1]) or now_us)
if since_us == now_us then
  redis.call('SET', KEYS[1], string.format('%.0f', now_us))
end
-- By then a pair that is not kept here owes nothing.
local knows_all = now_us - since_us > keep_ms * 1000
local waits = {}
for i = 1, #KEYS - 1 do
  local key, owed = KEYS[i + 1], tonumber(ARGV[i + 3])
  local arrival = tonumber(redis.call('GET', key) or 0)
  local charged_us = now_us - (keep_ms - redis.call('PTTL', key)) * 1000
  if owed < 0 and not knows_all and (arrival == 0 or charged_us < since_us + 1000) then
    waits[i] = '-1'
  else
    arrival = math.max(arrival, now_us + math.max(owed, 0) * interval)
    local wait = arrival - now_us - burst
    if wait > 0 then
      waits[i] = string.format('%.0f', wait)
    else
      redis.call('SET', key, string.format('%.0f', arrival + interval), 'PX', keep_ms)
      waits[i] = '0'
    end
  end
end
return waits
