-- What people wrote counts at Meta as what a number sends does, so its budget pays for it: a little late, and a little more
-- than came, since nobody knew of it in time. However much came, the number waits no longer for it than ARGV says.
-- After number.lua.   ARGV: …, how much to pay for a message, most microseconds to wait; then for each number: id, messages.
for i = 5, #ARGV, 2 do
  local number = ARGV[i]
  if redis.call('HEXISTS', KEYS[3], number) == 1 then
    local budget = budget_of(number)
    local paid = budget.arrival + tonumber(ARGV[i + 1]) * tonumber(ARGV[3]) * budget.interval
    local arrival = math.max(budget.arrival, math.min(paid, now_us + tonumber(ARGV[4])))
    redis.call('HSET', KEYS[4], number, string.format('%.0f', arrival))
  end
end
return 0
