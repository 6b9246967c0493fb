-- What the scripts after it know of numbers: their rates, their GCRA, and what Meta's refusals have taught. Numbers are looked
-- up together: a call of the server costs more than what it does.
-- KEYS: schedule, generations, rates, arrivals, slowness (see slow_down.lua), turns.
-- ARGV: burst in microseconds, the microseconds in which a share grows from nothing to 1; then the script's own.
local now = redis.call('TIME')
local now_us = tonumber(now[1]) * 1000000 + tonumber(now[2])
local burst_us, recovery_us = tonumber(ARGV[1]), tonumber(ARGV[2])

-- One field of each number; false where there is none.
local function known_of(numbers, key)
  if #numbers == 0 then return {} end
  return redis.call('HMGET', key, unpack(numbers))
end

-- Fields and values, or scores and members, in turn.
local function write(command, key, parts)
  if #parts > 0 then redis.call(command, key, unpack(parts)) end
end

-- The share of its rate that a number has now, and until when it rests, by what is known of its slowness.
local function slowness(number, known)
  if not known then return 1, 0 end
  local share, halved_us, until_us = string.match(known, '(%S+) (%S+) (%S+)')
  until_us = tonumber(until_us)
  share = tonumber(share) + math.max(0, now_us - math.max(tonumber(halved_us), until_us)) / recovery_us
  if share < 1 or until_us > now_us then return math.min(share, 1), until_us end
  redis.call('HDEL', KEYS[5], number)
  return 1, 0
end

-- GCRA: how much each number may send now, and what its next message is reckoned with. Losing the keys adds no burst: an
-- unknown limiter starts empty.
local function budgets_of(numbers)
  local rates, arrivals, slow = known_of(numbers, KEYS[3]), known_of(numbers, KEYS[4]), known_of(numbers, KEYS[5])
  local budgets, new = {}, {}
  for i, number in ipairs(numbers) do
    local share, until_us = slowness(number, slow[i])
    local interval = 1000000 / (share * tonumber(rates[i] or '1'))
    -- One burst, or one message where a message takes longer than the burst.
    local depth = math.max(burst_us, interval)
    local arrival = math.max(tonumber(arrivals[i] or (now_us + depth)), now_us)
    if not arrivals[i] then
      new[#new + 1] = number
      new[#new + 1] = string.format('%.0f', arrival)
    end
    local may = 0
    -- The instants first: a sum of one of them and an interval would be rounded to quarters of a microsecond.
    if until_us <= now_us then may = math.floor((depth - (arrival - now_us)) / interval + 0.000001) end
    budgets[i] = {may = may, arrival = arrival, interval = interval, depth = depth, until_us = until_us}
  end
  write('HSET', KEYS[4], new)
  return budgets
end

-- Notes when a number is served next; `write` the notes to the schedule.
local function serve_at(notes, number, at_us)
  notes[#notes + 1] = string.format('%.0f', math.max(at_us, now_us + 1))
  notes[#notes + 1] = number
end

-- Its next turn, behind the others: when half a burst is there again and it rests no more. Not when all of it is, since
-- what grows while a whole burst waits for its turn is lost.
local function serve_again(notes, number, budget)
  local half = math.ceil(math.floor(budget.depth / budget.interval + 0.000001) / 2)
  serve_at(notes, number, math.max(budget.arrival - budget.depth + half * budget.interval, budget.until_us))
end
