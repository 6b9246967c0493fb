-- People rename themselves. Only what changes is written, locked in the order of ids. $1 workspaces, $2 ids, $3 names
WITH changed AS MATERIALIZED (
  SELECT c.workspace_id, c.id, wanted.name
  FROM unnest($1::uuid[], $2::uuid[], $3::text[]) AS wanted (workspace_id, id, name)
  JOIN contacts c ON c.workspace_id = wanted.workspace_id AND c.id = wanted.id
  WHERE c.name IS DISTINCT FROM wanted.name
  ORDER BY c.id
  FOR UPDATE OF c
)
UPDATE contacts c SET name = changed.name
FROM changed WHERE c.workspace_id = changed.workspace_id AND c.id = changed.id
