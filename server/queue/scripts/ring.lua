-- Rings numbers: each is to be served at the given time or, if it already waits, at the earlier of the two.
-- KEYS: schedule, generations, rates.   ARGV: for each number: id, rate in messages a second, delay in milliseconds.
local now = redis.call('TIME')
local now_us = tonumber(now[1]) * 1000000 + tonumber(now[2])
for i = 1, #ARGV, 3 do
  local number, due = ARGV[i], now_us + tonumber(ARGV[i + 2]) * 1000
  redis.call('HSET', KEYS[3], number, ARGV[i + 1])
  redis.call('HINCRBY', KEYS[2], number, 1)
  -- LT would also lower the score of a number that was just served and waits for its next turn, which its own
  -- arrival time forbids; the lease looks at that arrival time, so a too early turn grants nothing.
  redis.call('ZADD', KEYS[1], 'LT', due, number)
end
return #ARGV / 3
