-- What each contact of $2 has been merged into by now, or itself, in their order. $1 workspace
WITH RECURSIVE step AS (
  SELECT c.position, c.id AS root, 0 AS depth FROM unnest($2::uuid[]) WITH ORDINALITY AS c (id, position)
  UNION ALL
  SELECT step.position, c.merged_into, step.depth + 1
  FROM step JOIN contacts c ON c.workspace_id = $1 AND c.id = step.root
  WHERE c.merged_into IS NOT NULL AND step.depth < 100
)
SELECT DISTINCT ON (position) position, root FROM step ORDER BY position, depth DESC
