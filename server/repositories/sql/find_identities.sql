-- Whose names these are. $1 workspaces, $2 kinds, $3 values
SELECT c.workspace_id, c.kind, c.value, c.contact_id
FROM unnest($1::uuid[], $2::text[], $3::text[]) AS wanted (workspace_id, kind, value)
JOIN contact_identities c
  ON c.workspace_id = wanted.workspace_id AND c.kind = wanted.kind AND c.scope = '' AND c.value = wanted.value
