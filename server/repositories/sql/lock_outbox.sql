-- In the order of the message ids, each by its whole key.   $1 workspaces, $2 messages
SELECT FROM (
  SELECT * FROM unnest($1::uuid[], $2::uuid[]) AS t (workspace_id, message_id) ORDER BY message_id OFFSET 0
) v
CROSS JOIN LATERAL (
  SELECT FROM outbox o WHERE o.workspace_id = v.workspace_id AND o.message_id = v.message_id LIMIT 1 FOR UPDATE
) o
