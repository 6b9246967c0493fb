-- What comes back is new; everything else belongs to somebody already. Sorted by key, or rivals deadlock.
-- $1 workspaces, $2 kinds, $3 values, $4 contacts
INSERT INTO contact_identities (workspace_id, kind, value, contact_id, source)
SELECT *, 'webhook' FROM unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[])
ON CONFLICT (workspace_id, kind, scope, value) DO NOTHING
RETURNING workspace_id, kind, value
