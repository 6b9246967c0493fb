-- The bare claim: the next messages of each number ($1 numbers, $2 how many each), locked and marked. No facts, no gates.
UPDATE bare_outbox b SET state = 'sending'
FROM (
  SELECT o.id
  FROM unnest($1::uuid[], $2::int[]) AS granted (number_id, messages)
  CROSS JOIN LATERAL (
    SELECT q.id FROM bare_outbox q
    WHERE q.number_id = granted.number_id AND q.state = 'queued' AND q.due_at <= now()
    ORDER BY q.lane, q.due_at, q.id
    LIMIT granted.messages
    FOR UPDATE SKIP LOCKED
  ) o
) taken
WHERE b.id = taken.id
RETURNING b.id
