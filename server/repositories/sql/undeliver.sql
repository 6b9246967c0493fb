-- Messages ($1 workspaces, $2 messages) that Meta took and that nobody got in time. Locked in the order of their ids; what a
-- status has told meanwhile stands.
WITH locked AS MATERIALIZED (
  SELECT m.workspace_id, m.id
  FROM unnest($1::uuid[], $2::uuid[]) AS v (workspace_id, message_id)
  JOIN messages m ON m.workspace_id = v.workspace_id AND m.id = v.message_id
  WHERE coalesce(m.delivered_at, m.read_at, m.played_at, m.failed_at, m.undelivered_at) IS NULL
  ORDER BY m.id
  FOR NO KEY UPDATE OF m
)
UPDATE messages m SET undelivered_at = now()
FROM locked WHERE m.workspace_id = locked.workspace_id AND m.id = locked.id
RETURNING m.workspace_id, m.id AS message_id, m.client_reference, m.undelivered_at
