-- Messages whose time is over before they left, at most $1: they end as expired. One of which an earlier attempt came to
-- nothing clear is held instead, for the reason $2: perhaps Meta has it. Returns what has expired and, without expired_at,
-- what is held.
WITH over AS MATERIALIZED (
  SELECT o.workspace_id, o.message_id, EXISTS (
    SELECT FROM message_attempts a
    WHERE a.workspace_id = o.workspace_id AND a.message_id = o.message_id AND a.outcome = 'ambiguous'
  ) AS is_doubtful
  FROM outbox o
  WHERE o.expires_at <= now() AND o.state IN ('scheduled', 'queued')
  ORDER BY o.message_id
  LIMIT $1
  FOR UPDATE OF o SKIP LOCKED
), kept AS (
  UPDATE outbox o SET state = 'held', state_since = clock_timestamp(), wait_reason = $2::text
  FROM over
  WHERE o.workspace_id = over.workspace_id AND o.message_id = over.message_id AND over.is_doubtful
  RETURNING o.workspace_id, o.message_id
), gone AS (
  DELETE FROM outbox o USING over
  WHERE o.workspace_id = over.workspace_id AND o.message_id = over.message_id AND NOT over.is_doubtful
  RETURNING o.workspace_id, o.message_id
), expired AS (
  UPDATE messages m SET expired_at = clock_timestamp()
  FROM gone
  WHERE m.workspace_id = gone.workspace_id AND m.id = gone.message_id
  RETURNING m.workspace_id, m.id AS message_id, m.client_reference, m.expired_at
)
SELECT workspace_id, message_id, client_reference, expired_at FROM expired
UNION ALL
SELECT m.workspace_id, m.id, m.client_reference, NULL
FROM kept JOIN messages m ON m.workspace_id = kept.workspace_id AND m.id = kept.message_id
