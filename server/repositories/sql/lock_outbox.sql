SELECT FROM outbox o
JOIN unnest($1::uuid[], $2::uuid[]) AS v (workspace_id, message_id) USING (workspace_id, message_id)
ORDER BY o.message_id
FOR UPDATE OF o
