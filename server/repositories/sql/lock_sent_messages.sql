-- In the order of their ids, and after their outbox rows: the lock order that all writers keep. Each by its whole key.
-- $1 workspaces, $2 messages
SELECT FROM (
  SELECT * FROM unnest($1::uuid[], $2::uuid[]) AS t (workspace_id, message_id) ORDER BY message_id OFFSET 0
) v
CROSS JOIN LATERAL (
  SELECT FROM messages m WHERE m.workspace_id = v.workspace_id AND m.id = v.message_id LIMIT 1 FOR UPDATE
) m
