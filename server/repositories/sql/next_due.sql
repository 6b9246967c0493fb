-- For each number the milliseconds until its next queued message is due (0: already), or no row when none waits. A lane at
-- a time, so that a backlog is not read.
SELECT number_id, greatest(0, extract(epoch FROM min(first.due_at) - clock_timestamp()) * 1000)::bigint AS in_ms
FROM unnest($1::uuid[]) AS wanted (number_id)
CROSS JOIN generate_series(0, 2) AS lanes (lane)
CROSS JOIN LATERAL (
  SELECT q.due_at FROM outbox q
  WHERE q.phone_number_id = number_id AND q.state = 'queued' AND q.lane = lanes.lane AND q.due_at > now()
  ORDER BY q.due_at
  LIMIT 1
) first
GROUP BY number_id
