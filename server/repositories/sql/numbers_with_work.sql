-- The numbers among $1 (all when null) that have a due message and may send. They are to be rung. While the bulk lane (2)
-- rests only the others count.
SELECT n.id, n.throughput_mps
FROM phone_numbers n
WHERE ($1::uuid[] IS NULL OR n.id = ANY ($1::uuid[])) AND n.pause_reason IS NULL
  AND EXISTS (
    SELECT FROM outbox q
    WHERE q.phone_number_id = n.id AND q.state = 'queued' AND q.due_at <= now()
      AND q.lane <= CASE WHEN n.bulk_paused_until > now() THEN 1 ELSE 2 END)
