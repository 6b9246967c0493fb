-- Gives unused budget back, and lets numbers with nothing to send leave unless they were rung since their lease.
-- KEYS: schedule, generations, rates, arrivals.
-- ARGV: for each number: id, generation at the lease, unused messages, and when its next row is due:
--       milliseconds from now, -1 for none (leave), -2 to keep its turn.
local now = redis.call('TIME')
local now_us = tonumber(now[1]) * 1000000 + tonumber(now[2])
for i = 1, #ARGV, 4 do
  local number, generation, unused, next_ms = ARGV[i], ARGV[i + 1], tonumber(ARGV[i + 2]), tonumber(ARGV[i + 3])
  local arrival = redis.call('HGET', KEYS[4], number)
  if unused > 0 and arrival then
    local interval = 1000000 / tonumber(redis.call('HGET', KEYS[3], number) or '1')
    redis.call('HSET', KEYS[4], number, string.format('%.0f', tonumber(arrival) - unused * interval))
  end
  if next_ms > -2 and redis.call('HGET', KEYS[2], number) == generation then
    if next_ms < 0 then
      redis.call('ZREM', KEYS[1], number)
    else
      redis.call('ZADD', KEYS[1], string.format('%.0f', now_us + next_ms * 1000), number)
    end
  end
end
return 0
