-- The contacts $2 are signposts to $3 from now on, which takes a name of theirs if it has none. Returns those that were
-- not yet. $1 workspace
WITH held AS MATERIALIZED (
  SELECT id, name, merged_into FROM contacts
  WHERE workspace_id = $1 AND (id = ANY ($2::uuid[]) OR id = $3)
  ORDER BY id
  FOR NO KEY UPDATE
), named AS (
  UPDATE contacts c SET name = coalesce(c.name, (SELECT h.name FROM held h WHERE h.name IS NOT NULL ORDER BY h.id LIMIT 1))
  FROM held WHERE c.workspace_id = $1 AND c.id = $3 AND held.id = $3 AND held.name IS NULL
)
UPDATE contacts c SET merged_into = $3
FROM held WHERE c.workspace_id = $1 AND c.id = held.id AND held.id <> $3 AND held.merged_into IS NULL
RETURNING c.id
