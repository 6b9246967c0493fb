-- Back to `queued` after $4 seconds, because of $5: from `sending` and `unknown` fenced by the attempt $3, and from `held`
-- where nothing holds it any more ($6).
WITH v AS (
  SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::int[], $4::float8[], $5::text[], $6::bool[])
    AS t (workspace_id, message_id, attempt, wait_s, reason, even_if_held)
), back AS (
  SELECT o.workspace_id, o.message_id, v.wait_s, v.reason
  FROM outbox o JOIN v USING (workspace_id, message_id)
  WHERE o.state IN ('sending', 'unknown') AND o.attempt = v.attempt OR o.state = 'held' AND v.even_if_held
  ORDER BY o.message_id
  FOR UPDATE OF o
)
UPDATE outbox o
SET state = 'queued', state_since = clock_timestamp(), wait_reason = back.reason,
    due_at = clock_timestamp() + make_interval(secs => back.wait_s)
FROM back
WHERE o.workspace_id = back.workspace_id AND o.message_id = back.message_id
