-- Back from `sending` to `queued` after $4 seconds, because of $5; fenced by the attempt.
WITH v AS (
  SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::int[], $4::float8[], $5::text[])
    AS t (workspace_id, message_id, attempt, wait_s, reason)
), held AS (
  SELECT o.workspace_id, o.message_id, v.wait_s, v.reason
  FROM outbox o JOIN v USING (workspace_id, message_id)
  WHERE o.state IN ('sending', 'unknown') AND o.attempt = v.attempt
  ORDER BY o.message_id
  FOR UPDATE OF o
)
UPDATE outbox o
SET state = 'queued', state_since = clock_timestamp(), wait_reason = held.reason,
    due_at = clock_timestamp() + make_interval(secs => held.wait_s)
FROM held
WHERE o.workspace_id = held.workspace_id AND o.message_id = held.message_id
