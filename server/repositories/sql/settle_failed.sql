-- These messages have failed for good: fenced by the attempt (null: whatever it is), and only while nothing says that
-- Meta processed them. One of which an earlier attempt came to nothing clear is held instead, for the reason $5: perhaps
-- Meta has it all the same. Returns what failed and, without failed_at, what is held.
WITH v AS (
  SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::int[], $4::jsonb[]) AS t (workspace_id, message_id, attempt, error)
), held AS MATERIALIZED (
  SELECT o.workspace_id, o.message_id, v.error, EXISTS (
    SELECT FROM message_attempts a
    WHERE a.workspace_id = o.workspace_id AND a.message_id = o.message_id AND a.outcome = 'ambiguous'
      -- A row that was claimed has not begun its next attempt.
      AND (v.attempt IS NULL OR a.attempt < v.attempt)
  ) AS is_doubtful
  FROM outbox o JOIN v USING (workspace_id, message_id)
  WHERE o.attempt = coalesce(v.attempt, o.attempt)
  ORDER BY o.message_id
  FOR UPDATE OF o
), kept AS (
  UPDATE outbox o SET state = 'held', state_since = clock_timestamp(), wait_reason = $5::text
  FROM held
  WHERE o.workspace_id = held.workspace_id AND o.message_id = held.message_id AND held.is_doubtful
  RETURNING o.workspace_id, o.message_id
), settled AS (
  DELETE FROM outbox o USING held
  WHERE o.workspace_id = held.workspace_id AND o.message_id = held.message_id AND NOT held.is_doubtful
  RETURNING o.workspace_id, o.message_id, held.error
), failed AS (
  UPDATE messages m SET failed_at = clock_timestamp(), error = settled.error
  FROM settled
  WHERE m.workspace_id = settled.workspace_id AND m.id = settled.message_id AND m.failed_at IS NULL
  RETURNING m.workspace_id, m.id AS message_id, m.client_reference, m.failed_at, m.error
)
SELECT workspace_id, message_id, client_reference, failed_at, error FROM failed
UNION ALL
SELECT m.workspace_id, m.id, m.client_reference, NULL, NULL
FROM kept JOIN messages m ON m.workspace_id = kept.workspace_id AND m.id = kept.message_id
