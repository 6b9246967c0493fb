-- Ends turns: charges what is about to leave, and says when the number is served next. One with nothing to send leaves,
-- unless it was rung since its lease.
-- After number.lua.   ARGV: …, for each turn, of another number each: number, generation and turn as leased, messages that are
-- to leave, and when its next row is due: milliseconds from now, -1 for none (leave), -2 when there may be more now.
-- Returns for each turn how many of its messages may leave.
local numbers = {}
for i = 3, #ARGV, 5 do numbers[#numbers + 1] = ARGV[i] end
local budgets, generations, turns = budgets_of(numbers), known_of(numbers, KEYS[2]), known_of(numbers, KEYS[6])
local may, arrivals, over, leaving, schedule = {}, {}, {}, {}, {}
for i, number in ipairs(numbers) do
  local generation, turn = ARGV[5 * i - 1], ARGV[5 * i]
  local wanted, next_ms = tonumber(ARGV[5 * i + 1]), tonumber(ARGV[5 * i + 2])
  local budget = budgets[i]
  may[i] = math.min(wanted, budget.may)
  if may[i] > 0 then
    budget.arrival = budget.arrival + may[i] * budget.interval
    arrivals[#arrivals + 1] = number
    arrivals[#arrivals + 1] = string.format('%.0f', budget.arrival)
  end
  -- One that took too long is over: the number is somebody else's by now.
  if turns[i] == turn then
    over[#over + 1] = number
    local was_rung = generations[i] ~= generation
    if next_ms == -1 and not was_rung then
      leaving[#leaving + 1] = number
    elseif next_ms >= 0 and not was_rung then
      serve_at(schedule, number, now_us + next_ms * 1000)
    else
      serve_again(schedule, number, budget)
    end
  end
end
write('HSET', KEYS[4], arrivals)
write('HDEL', KEYS[6], over)
write('ZREM', KEYS[1], leaving)
write('ZADD', KEYS[1], schedule)
return may
