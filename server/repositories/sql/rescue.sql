-- Messages that have been `sending` for longer than $1 seconds become `unknown`: their sender died or was stopped. Also
-- writes the attempt that nobody else will.
WITH stale AS (
  SELECT o.workspace_id, o.message_id, o.attempt, o.phone_number_id, o.state_since, o.worker_id
  FROM outbox o
  WHERE o.state = 'sending' AND o.state_since < clock_timestamp() - make_interval(secs => $1)
  ORDER BY o.message_id
  LIMIT $2
  FOR UPDATE SKIP LOCKED
), attempted AS (
  INSERT INTO message_attempts (workspace_id, message_id, attempt, phone_number_id, started_at, outcome,
    error_details, worker_id)
  SELECT workspace_id, message_id, attempt, phone_number_id, state_since, 'ambiguous', 'its worker gave no result', worker_id FROM stale
  ON CONFLICT DO NOTHING
)
UPDATE outbox o SET state = 'unknown', state_since = clock_timestamp(), wait_reason = NULL
FROM stale, messages m
WHERE o.workspace_id = stale.workspace_id AND o.message_id = stale.message_id
  AND m.workspace_id = stale.workspace_id AND m.id = stale.message_id
RETURNING o.workspace_id, o.message_id, m.client_reference
