-- Ends turns: charges what is about to leave, and says when the number is served next. One with nothing to send leaves,
-- unless it was rung since its lease.
-- After number.lua.   ARGV: …, for each turn: number, generation and turn as leased, messages that are to leave, and when
-- its next row is due: milliseconds from now, -1 for none (leave), -2 when there may be more now.
-- Returns for each turn how many of its messages may leave.
local may = {}
for i = 3, #ARGV, 5 do
  local number, generation, turn = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  local wanted, next_ms = tonumber(ARGV[i + 3]), tonumber(ARGV[i + 4])
  local budget = budget_of(number)
  local spent = math.min(wanted, budget.may)
  if spent > 0 then
    budget.arrival = budget.arrival + spent * budget.interval
    redis.call('HSET', KEYS[4], number, string.format('%.0f', budget.arrival))
  end
  may[#may + 1] = spent
  -- One that took too long is over: the number is somebody else's by now.
  if redis.call('HGET', KEYS[6], number) == turn then
    redis.call('HDEL', KEYS[6], number)
    local was_rung = redis.call('HGET', KEYS[2], number) ~= generation
    if next_ms == -1 and not was_rung then
      redis.call('ZREM', KEYS[1], number)
    elseif next_ms >= 0 and not was_rung then
      serve_at(number, now_us + next_ms * 1000)
    else
      serve_again(number, budget)
    end
  end
end
return may
