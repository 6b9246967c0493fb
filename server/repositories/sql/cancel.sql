-- Message $2 of workspace $1 is cancelled if it has not left and no attempt of it may have reached Meta. The lock on its
-- outbox row decides a race with a claim: whoever comes second finds another state.
WITH waiting AS MATERIALIZED (
  SELECT o.workspace_id, o.message_id FROM outbox o
  WHERE o.workspace_id = $1 AND o.message_id = $2 AND o.state IN ('scheduled', 'queued')
    AND NOT EXISTS (
      SELECT FROM message_attempts a
      WHERE a.workspace_id = o.workspace_id AND a.message_id = o.message_id AND a.outcome = 'ambiguous')
  FOR UPDATE OF o
), gone AS (
  DELETE FROM outbox o USING waiting WHERE o.workspace_id = waiting.workspace_id AND o.message_id = waiting.message_id
  RETURNING o.workspace_id, o.message_id
)
UPDATE messages m SET cancelled_at = clock_timestamp()
FROM gone
WHERE m.workspace_id = gone.workspace_id AND m.id = gone.message_id
RETURNING m.workspace_id, m.id AS message_id, m.client_reference, m.cancelled_at
