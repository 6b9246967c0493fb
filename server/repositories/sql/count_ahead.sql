-- Messages of number $1 that are due and leave before a new one of lane $2. At a million nobody needs it to the unit.
SELECT count(*) FROM (
  SELECT FROM outbox o
  WHERE o.phone_number_id = $1 AND o.state = 'queued' AND o.lane <= $2 AND o.due_at <= now()
  LIMIT 1000000
) waiting
