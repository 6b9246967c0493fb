-- The last commit before bytes are written. $1 places of rows as the claim has found them: it has locked them, so they stay
-- where they are. $2 worker. Returns when each attempt begins: by this clock, since attempts of several workers are compared.
UPDATE outbox o
SET state = 'sending', attempt = o.attempt + 1, state_since = clock_timestamp(), wait_reason = NULL, worker_id = $2
WHERE o.ctid = ANY ($1::text[]::tid[])
RETURNING o.message_id, o.state_since
