-- What people wrote counts at Meta as what a number sends does, so its budget pays for it: a little late, and a little more
-- than came, since nobody knew of it in time. However much came, the number waits no longer for it than ARGV says.
-- After number.lua.   ARGV: …, how much to pay for a message, most microseconds to wait; then for each number: id, messages.
local asked, numbers, written, arrivals = {}, {}, {}, {}
for i = 5, #ARGV, 2 do asked[#asked + 1] = ARGV[i] end
for i, rate in ipairs(known_of(asked, KEYS[3])) do
  if rate then
    numbers[#numbers + 1] = asked[i]
    written[#written + 1] = tonumber(ARGV[2 * i + 4])
  end
end
for i, budget in ipairs(budgets_of(numbers)) do
  local paid = budget.arrival + written[i] * tonumber(ARGV[3]) * budget.interval
  arrivals[#arrivals + 1] = numbers[i]
  arrivals[#arrivals + 1] = string.format('%.0f', math.max(budget.arrival, math.min(paid, now_us + tonumber(ARGV[4]))))
end
write('HSET', KEYS[4], arrivals)
return 0
