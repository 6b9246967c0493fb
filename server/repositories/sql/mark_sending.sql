-- The last commit before bytes are written. Rows are locked by the claim, so they stay where they are. Returns when each
-- attempt begins: by this clock, since attempts of several workers are compared.
UPDATE outbox o
SET state = 'sending', attempt = o.attempt + 1, state_since = clock_timestamp(), wait_reason = NULL, worker_id = $3
WHERE o.ctid = ANY (ARRAY (
  SELECT place.ctid FROM unnest($1::uuid[], $2::uuid[]) AS v (workspace_id, message_id)
  CROSS JOIN LATERAL (
    SELECT q.ctid FROM outbox q WHERE q.workspace_id = v.workspace_id AND q.message_id = v.message_id LIMIT 1) place))
RETURNING o.message_id, o.state_since
