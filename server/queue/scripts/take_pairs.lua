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
local nothing = {since = 0, paid = 0}
local kept = redis.call('MGET', unpack(KEYS))

-- What a pair owes, or nil where nobody knows.
local function owed(i)
  local since, paid = string.match(kept[i + 1] or '', '^(%d+) (%d+)$')
  local is_known = is_told or knows_all
    or since and now_us - (keep_ms - redis.call('PTTL', KEYS[i + 1])) * 1000 >= known_since + 1000
  if not is_known then return nil end
  local debt = since and {since = tonumber(since), paid = tonumber(paid)} or nothing
  if is_told then
    local ago, soon = tonumber(ARGV[2 * i + 3]), tonumber(ARGV[2 * i + 4])
    if now_us + soon > debt.paid then debt = {since = now_us - ago, paid = now_us + soon} end
  end
  return debt
end

-- As it is kept.
local function with_one_more(debt)
  local since, paid = debt.since, debt.paid
  if now_us >= paid then since, paid = now_us, now_us end
  return string.format('%d %d', since, math.min(paid, now_us + most) + interval)
end

local after_nothing = with_one_more(nothing)
local waits = {}
for i = 1, #KEYS - 1 do
  local debt = owed(i)
  if not debt then
    waits[i] = -1
  elseif now_us < debt.paid + margin and (now_us >= debt.since + interval - margin or debt.paid - now_us > most) then
    waits[i] = debt.paid + margin - now_us
  else
    local value = debt == nothing and after_nothing or with_one_more(debt)
    redis.call('SET', KEYS[i + 1], value, 'PX', ARGV[4])
    waits[i] = 0
  end
end
return waits
