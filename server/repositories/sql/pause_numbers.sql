-- Numbers stop sending, locked in the order of their ids. Those that are paused already keep their reason.
-- $1 numbers, $2 reasons
WITH pausing AS MATERIALIZED (
  SELECT n.id, v.reason
  FROM unnest($1::uuid[], $2::text[]) AS v (id, reason)
  JOIN phone_numbers n ON n.id = v.id
  WHERE n.pause_reason IS NULL
  ORDER BY n.id
  FOR NO KEY UPDATE OF n
)
UPDATE phone_numbers n SET pause_reason = pausing.reason, updated_at = now()
FROM pausing WHERE n.id = pausing.id
RETURNING n.id
