-- What lease.lua and spend.lua know of a number: its rate, its GCRA, and what Meta's refusals have taught. Put before them.
-- KEYS: schedule, generations, rates, arrivals, slowness (see slow_down.lua), turns.
-- ARGV: burst in microseconds, the microseconds in which a share grows from nothing to 1; then the script's own.
local now = redis.call('TIME')
local now_us = tonumber(now[1]) * 1000000 + tonumber(now[2])
local burst_us, recovery_us = tonumber(ARGV[1]), tonumber(ARGV[2])

-- The share of its rate that a number has now, and until when it rests.
local function slowness(number)
  local known = redis.call('HGET', KEYS[5], number)
  if not known then return 1, 0 end
  local share, halved_us, until_us = string.match(known, '(%S+) (%S+) (%S+)')
  until_us = tonumber(until_us)
  share = tonumber(share) + math.max(0, now_us - math.max(tonumber(halved_us), until_us)) / recovery_us
  if share < 1 or until_us > now_us then return math.min(share, 1), until_us end
  redis.call('HDEL', KEYS[5], number)
  return 1, 0
end

-- GCRA: how much a number may send now, and what its next message is reckoned with. Losing the keys adds no burst: an
-- unknown limiter starts empty.
local function budget_of(number)
  local share, until_us = slowness(number)
  local interval = 1000000 / (share * tonumber(redis.call('HGET', KEYS[3], number) or '1'))
  -- One burst, or one message where a message takes longer than the burst.
  local depth = math.max(burst_us, interval)
  local known = redis.call('HGET', KEYS[4], number)
  local arrival = math.max(tonumber(known or (now_us + depth)), now_us)
  if not known then redis.call('HSET', KEYS[4], number, string.format('%.0f', arrival)) end
  local may = 0
  -- The instants first: a sum of one of them and an interval would be rounded to quarters of a microsecond.
  if until_us <= now_us then may = math.floor((depth - (arrival - now_us)) / interval + 0.000001) end
  return {may = may, arrival = arrival, interval = interval, depth = depth, until_us = until_us}
end

local function serve_at(number, at_us)
  redis.call('ZADD', KEYS[1], string.format('%.0f', math.max(at_us, now_us + 1)), number)
end

-- Its next turn, behind the others: when half a burst is there again and it rests no more. Not when all of it is, since
-- what grows while a whole burst waits for its turn is lost.
local function serve_again(number, budget)
  local half = math.ceil(math.floor(budget.depth / budget.interval + 0.000001) / 2)
  serve_at(number, math.max(budget.arrival - budget.depth + half * budget.interval, budget.until_us))
end
