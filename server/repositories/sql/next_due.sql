-- For each number the milliseconds until its next queued message is due (0: already), or no row when none waits.
SELECT number_id, greatest(0, extract(epoch FROM first.due_at - clock_timestamp()) * 1000)::bigint AS in_ms
FROM unnest($1::uuid[]) AS wanted (number_id)
CROSS JOIN LATERAL (
  SELECT min(q.due_at) AS due_at FROM outbox q
  WHERE q.phone_number_id = number_id AND q.state = 'queued' AND q.due_at > now()
) first
WHERE first.due_at IS NOT NULL
