-- Meta's pair rate, as domain/pair_rate.py has it: a burst within one interval is borrowed from the future.
-- KEYS: since when nothing was sent that is not known here, then one a pair: since when it owes, and when that is paid.
-- Each pair once.
-- ARGV: interval, burst in messages, margin in microseconds, how long to keep a key in milliseconds; then, where debts are
-- told, for each pair how long ago its debt began and how soon it is paid, in microseconds.
-- Returns for each pair 0 when it may go (and is charged), or the microseconds until it may, or -1 (not charged) when what
-- it owes is not known here and was not told.
local now = redis.call('TIME')
local now_us = tonumber(now[1]) * 1000000 + tonumber(now[2])
local interval, most = tonumber(ARGV[1]), tonumber(ARGV[1]) * (tonumber(ARGV[2]) - 1)
local margin, keep_ms = tonumber(ARGV[3]), tonumber(ARGV[4])
local known_since = tonumber(redis.call('GET', KEYS[1]) or now_us)
if known_since == now_us then
  redis.call('SET', KEYS[1], string.format('%.0f', now_us))
end
-- By then a pair that is not kept here owes nothing.
local knows_all = now_us - known_since > keep_ms * 1000
local is_told = #ARGV > 4
local kept = redis.call('MGET', unpack(KEYS))
local waits = {}
for i = 1, #KEYS - 1 do
  local key = KEYS[i + 1]
  local since, paid = string.match(kept[i + 1] or '', '^(%d+) (%d+)$')
  local is_known = is_told or knows_all
    or since and now_us - (keep_ms - redis.call('PTTL', key)) * 1000 >= known_since + 1000
  if not is_known then
    waits[i] = '-1'
  else
    since, paid = tonumber(since or 0), tonumber(paid or 0)
    if is_told then
      local ago, soon = tonumber(ARGV[2 * i + 3]), tonumber(ARGV[2 * i + 4])
      if now_us + soon > paid then since, paid = now_us - ago, now_us + soon end
    end
    if now_us < paid + margin and (now_us >= since + interval - margin or paid - now_us > most) then
      waits[i] = string.format('%.0f', paid + margin - now_us)
    else
      if now_us >= paid then since, paid = now_us, now_us end
      paid = math.min(paid, now_us + most) + interval
      redis.call('SET', key, string.format('%.0f %.0f', since, paid), 'PX', keep_ms)
      waits[i] = '0'
    end
  end
end
return waits
