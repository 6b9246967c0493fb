-- Numbers that were paused for a reason which begins with $2 send again, locked in the order of their ids. $1 numbers
WITH held AS MATERIALIZED (
  SELECT n.id FROM phone_numbers n
  WHERE n.id = ANY ($1::uuid[]) AND starts_with(n.pause_reason, $2)
  ORDER BY n.id
  FOR NO KEY UPDATE
)
UPDATE phone_numbers n SET pause_reason = NULL, updated_at = now()
FROM held WHERE n.id = held.id
RETURNING n.workspace_id, n.id
