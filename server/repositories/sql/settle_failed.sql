-- These messages have failed for good: fenced by the attempt (null: whatever it is), and only while nothing says that
-- Meta processed them. Returns what failed.
WITH v AS (
  SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::int[], $4::jsonb[]) AS t (workspace_id, message_id, attempt, error)
), held AS (
  SELECT o.workspace_id, o.message_id, v.error
  FROM outbox o JOIN v USING (workspace_id, message_id)
  WHERE o.attempt = coalesce(v.attempt, o.attempt)
  ORDER BY o.message_id
  FOR UPDATE OF o
), settled AS (
  DELETE FROM outbox o USING held WHERE o.workspace_id = held.workspace_id AND o.message_id = held.message_id
  RETURNING o.workspace_id, o.message_id, held.error
)
UPDATE messages m SET failed_at = clock_timestamp(), error = settled.error
FROM settled
WHERE m.workspace_id = settled.workspace_id AND m.id = settled.message_id AND m.failed_at IS NULL
RETURNING m.workspace_id, m.id AS message_id, m.client_reference, m.failed_at, m.error
