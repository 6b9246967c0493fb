-- In the order of their ids, and after their outbox rows: the lock order that all writers keep.
-- $1 workspaces, $2 messages
SELECT FROM messages m
JOIN unnest($1::uuid[], $2::uuid[]) AS v (workspace_id, id) USING (workspace_id, id)
ORDER BY m.id
FOR UPDATE OF m
