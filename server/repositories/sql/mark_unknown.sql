-- From `sending` to `unknown`, fenced by the attempt. Returns what became unknown.
WITH held AS (
  SELECT o.workspace_id, o.message_id
  FROM outbox o
  JOIN unnest($1::uuid[], $2::uuid[], $3::int[]) AS v (workspace_id, message_id, attempt) USING (workspace_id, message_id)
  WHERE o.state = 'sending' AND o.attempt = v.attempt
  ORDER BY o.message_id
  FOR UPDATE OF o
)
UPDATE outbox o SET state = 'unknown', state_since = clock_timestamp(), wait_reason = NULL
FROM held, messages m
WHERE o.workspace_id = held.workspace_id AND o.message_id = held.message_id
  AND m.workspace_id = held.workspace_id AND m.id = held.message_id
RETURNING o.workspace_id, o.message_id, m.client_reference
