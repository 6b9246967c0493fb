-- The bulk lanes of numbers rest for $3 seconds, locked in the order of their ids. Those that rest for longer keep their
-- reason. Returns those that did not rest. $1 numbers, $2 reasons
WITH pausing AS MATERIALIZED (
  SELECT n.id, v.reason, now() + make_interval(secs => v.rest_s) AS until, n.bulk_paused_until > now() AS is_known
  FROM unnest($1::uuid[], $2::text[], $3::float8[]) AS v (id, reason, rest_s)
  JOIN phone_numbers n ON n.id = v.id
  WHERE n.bulk_paused_until IS NULL OR n.bulk_paused_until < now() + make_interval(secs => v.rest_s)
  ORDER BY n.id
  FOR NO KEY UPDATE OF n
), paused AS (
  UPDATE phone_numbers n
  SET bulk_paused_until = pausing.until, bulk_pause_reason = pausing.reason, updated_at = now()
  FROM pausing WHERE n.id = pausing.id
  RETURNING n.workspace_id, n.id, n.bulk_pause_reason AS reason, n.bulk_paused_until AS until, pausing.is_known
)
SELECT workspace_id, id, reason, until FROM paused WHERE is_known IS NOT TRUE
