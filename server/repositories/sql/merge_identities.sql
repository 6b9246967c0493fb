-- The names of the contacts $2 become the contact $3's; locked in the order of their keys. $1 workspace
WITH held AS MATERIALIZED (
  SELECT kind, scope, value FROM contact_identities
  WHERE workspace_id = $1 AND contact_id = ANY ($2::uuid[])
  ORDER BY kind COLLATE "C", value COLLATE "C"
  FOR UPDATE
)
UPDATE contact_identities i SET contact_id = $3
FROM held WHERE i.workspace_id = $1 AND (i.kind, i.scope, i.value) = (held.kind, held.scope, held.value)
