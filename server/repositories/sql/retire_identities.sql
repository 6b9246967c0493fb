-- Names that these contacts do not answer to any more, locked in the order of their keys. $1-$4 as in add_identities
WITH gone AS MATERIALIZED (
  SELECT c.workspace_id, c.kind, c.scope, c.value
  FROM unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[]) AS wanted (workspace_id, kind, value, contact_id)
  JOIN contact_identities c ON c.workspace_id = wanted.workspace_id AND c.kind = wanted.kind AND c.scope = ''
    AND c.value = wanted.value AND c.contact_id = wanted.contact_id
  ORDER BY c.workspace_id, c.kind COLLATE "C", c.value COLLATE "C"
  FOR UPDATE OF c
)
DELETE FROM contact_identities c USING gone
WHERE (c.workspace_id, c.kind, c.scope, c.value) = (gone.workspace_id, gone.kind, gone.scope, gone.value)
