-- Leases turns: to the numbers that are due, in order, each with what it may send now. Nothing is charged yet: that is
-- done when its messages are about to leave (spend.lua). Until then, or until its turn has run out, nobody else has it.
-- After number.lua.   ARGV: …, most numbers, most messages, microseconds that a turn may take.
-- Returns a flat list: number, generation, turn, messages, … and last the microseconds until the next number is due (-1
-- when none waits).
local left, turn_us = tonumber(ARGV[4]), tonumber(ARGV[5])
local due = redis.call('ZRANGE', KEYS[1], '-inf', now_us, 'BYSCORE', 'LIMIT', 0, tonumber(ARGV[3]))
local budgets, generations, taken = budgets_of(due), known_of(due, KEYS[2]), known_of(due, KEYS[6])
local turn = string.format('%.0f', now_us + turn_us)
local grants, turns, schedule = {}, {}, {}
for i, number in ipairs(due) do
  if left <= 0 then break end
  local taken_until_us = tonumber(taken[i] or '0')
  local granted = math.min(budgets[i].may, left)
  if taken_until_us > now_us and taken_until_us <= now_us + turn_us then
    serve_at(schedule, number, taken_until_us)
  elseif granted > 0 then
    left = left - granted
    for _, part in ipairs({number, generations[i] or '0', turn, granted}) do grants[#grants + 1] = part end
    turns[#turns + 1] = number
    turns[#turns + 1] = turn
    serve_at(schedule, number, now_us + turn_us)
  else
    serve_again(schedule, number, budgets[i])
  end
end
write('HSET', KEYS[6], turns)
write('ZADD', KEYS[1], schedule)
local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
grants[#grants + 1] = first[2] and string.format('%.0f', math.max(tonumber(first[2]) - now_us, 0)) or '-1'
return grants
