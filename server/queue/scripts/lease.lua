-- Leases turns: to the numbers that are due, in order, each with what it may send now. Nothing is charged yet: that is
-- done when its messages are about to leave (spend.lua). Until then, or until its turn has run out, nobody else has it.
-- After number.lua.   ARGV: …, most numbers, most messages, microseconds that a turn may take.
-- Returns a flat list: number, generation, turn, messages, … and last the microseconds until the next number is due (-1
-- when none waits).
local left, turn_us = tonumber(ARGV[4]), tonumber(ARGV[5])
local grants = {}
local due = redis.call('ZRANGE', KEYS[1], '-inf', now_us, 'BYSCORE', 'LIMIT', 0, tonumber(ARGV[3]))
for _, number in ipairs(due) do
  if left <= 0 then break end
  local taken_until_us = tonumber(redis.call('HGET', KEYS[6], number) or '0')
  local budget = budget_of(number)
  local granted = math.min(budget.may, left)
  if taken_until_us > now_us and taken_until_us <= now_us + turn_us then
    serve_at(number, taken_until_us)
  elseif granted > 0 then
    local turn = string.format('%.0f', now_us + turn_us)
    left = left - granted
    grants[#grants + 1] = number
    grants[#grants + 1] = redis.call('HGET', KEYS[2], number) or '0'
    grants[#grants + 1] = turn
    grants[#grants + 1] = granted
    redis.call('HSET', KEYS[6], number, turn)
    serve_at(number, now_us + turn_us)
  else
    serve_again(number, budget)
  end
end
local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
grants[#grants + 1] = first[2] and string.format('%.0f', math.max(tonumber(first[2]) - now_us, 0)) or '-1'
return grants
