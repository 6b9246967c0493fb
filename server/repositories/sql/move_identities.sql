-- Gives names that this transaction has just added to the contact that a rival made. $1-$4 as in add_identities
UPDATE contact_identities c SET contact_id = wanted.contact_id
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[]) AS wanted (workspace_id, kind, value, contact_id)
WHERE c.workspace_id = wanted.workspace_id AND c.kind = wanted.kind AND c.scope = '' AND c.value = wanted.value
