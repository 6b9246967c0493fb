-- Numbers stop sending, and where the reason is their account's all numbers of it; locked in the order of their ids. Those
-- that are paused already keep their reason. $1 numbers, $2 reasons, $3 whether it is the whole account
WITH meant AS (
  SELECT DISTINCT ON (n.id) n.id, v.reason
  FROM unnest($1::uuid[], $2::text[], $3::bool[]) AS v (id, reason, whole_account)
  JOIN phone_numbers asked ON asked.id = v.id
  JOIN phone_numbers n ON n.workspace_id = asked.workspace_id
    AND (n.id = asked.id OR v.whole_account AND n.waba_id = asked.waba_id)
  ORDER BY n.id, n.id = asked.id DESC, v.reason
), pausing AS MATERIALIZED (
  SELECT n.id, meant.reason
  FROM meant JOIN phone_numbers n ON n.id = meant.id
  WHERE n.pause_reason IS NULL
  ORDER BY n.id
  FOR NO KEY UPDATE OF n
)
UPDATE phone_numbers n SET pause_reason = pausing.reason, updated_at = now()
FROM pausing WHERE n.id = pausing.id
RETURNING n.workspace_id, n.id, n.pause_reason AS reason, NULL::timestamptz AS until
