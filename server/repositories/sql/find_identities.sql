-- Whose names these are, and, until some time, were: the latest first. $1 workspaces, $2 kinds, $3 values
WITH wanted AS MATERIALIZED (
  SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[]) AS t (workspace_id, kind, value)
)
SELECT c.workspace_id, c.kind, c.value, c.contact_id, NULL::timestamptz AS until
FROM wanted
JOIN contact_identities c
  ON c.workspace_id = wanted.workspace_id AND c.kind = wanted.kind AND c.scope = '' AND c.value = wanted.value
UNION ALL
(SELECT f.workspace_id, f.kind, f.value, f.contact_id, f.until
 FROM wanted JOIN former_identities f
   ON f.workspace_id = wanted.workspace_id AND f.kind = wanted.kind AND f.value = wanted.value
 ORDER BY f.until DESC)
