-- Contacts that are one person. Asked for again, they are merged again: something new showed that they are not one yet.
-- $1 workspaces, $2 contacts, $3 contacts that they are to become; sorted, no pair twice
INSERT INTO contact_merges (workspace_id, contact_id, into_id)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[])
ON CONFLICT (workspace_id, contact_id, into_id) DO UPDATE SET passes = 0, due_at = now()
