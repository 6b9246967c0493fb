-- Meta has refused numbers: they rest, and where it said that they send too much, their share of their rate halves. Once an
-- episode: what was leased before the last halving says nothing new.
-- KEYS: slowness.
-- ARGV: the smallest share, the microseconds in which a share grows from nothing to 1; then for each number: id,
--       microseconds to rest from now, and microseconds since the lease of what was refused, or -1 to keep its share.
-- Returns the numbers whose share was halved.
local now = redis.call('TIME')
local now_us = tonumber(now[1]) * 1000000 + tonumber(now[2])
local smallest, recovery_us = tonumber(ARGV[1]), tonumber(ARGV[2])
local halved = {}
for i = 3, #ARGV, 3 do
  local number, rests_until, age_us = ARGV[i], now_us + tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2])
  local share, halved_us, until_us = 1, 0, 0
  local known = redis.call('HGET', KEYS[1], number)
  if known then
    share, halved_us, until_us = string.match(known, '(%S+) (%S+) (%S+)')
    share, halved_us, until_us = tonumber(share), tonumber(halved_us), tonumber(until_us)
  end
  if age_us >= 0 and now_us - age_us > halved_us then
    -- It grows only while it does not rest.
    local grown = math.min(1, share + math.max(0, now_us - math.max(halved_us, until_us)) / recovery_us)
    share, halved_us = math.max(smallest, grown / 2), now_us
    halved[#halved + 1] = number
  end
  until_us = math.max(until_us, rests_until)
  redis.call('HSET', KEYS[1], number, string.format('%.6f %.0f %.0f', share, halved_us, until_us))
end
return halved
