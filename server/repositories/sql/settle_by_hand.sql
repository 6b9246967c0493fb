-- A person says what became of a message that is `unknown` or `held`: $3 accepted, else failed with the error $4.
WITH held AS (
  SELECT o.workspace_id, o.message_id FROM outbox o
  WHERE o.workspace_id = $1 AND o.message_id = $2 AND o.state IN ('unknown', 'held')
  FOR UPDATE
), settled AS (
  DELETE FROM outbox o USING held WHERE o.workspace_id = held.workspace_id AND o.message_id = held.message_id
  RETURNING o.workspace_id, o.message_id
)
UPDATE messages m
SET accepted_at = CASE WHEN $3 THEN coalesce(m.accepted_at, clock_timestamp()) ELSE m.accepted_at END,
    failed_at = CASE WHEN $3 THEN m.failed_at ELSE coalesce(m.failed_at, clock_timestamp()) END,
    error = CASE WHEN $3 THEN m.error ELSE coalesce(m.error, $4::jsonb) END
FROM settled WHERE m.workspace_id = settled.workspace_id AND m.id = settled.message_id
RETURNING m.id
