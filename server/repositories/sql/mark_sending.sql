-- The last commit before bytes are written. Rows are locked by the claim. Returns when each attempt begins: by this
-- clock, since attempts of several workers are compared.
UPDATE outbox o
SET state = 'sending', attempt = o.attempt + 1, state_since = clock_timestamp(), wait_reason = NULL, worker_id = $3
FROM unnest($1::uuid[], $2::uuid[]) AS v (workspace_id, message_id)
WHERE o.workspace_id = v.workspace_id AND o.message_id = v.message_id
RETURNING o.message_id, o.state_since
