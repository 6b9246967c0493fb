-- The dedupe key: what comes back is new, and everything else was known. Sorted by key, or rivals deadlock.
-- $1 numbers, $2 wamids, $3 workspaces, $4 messages
INSERT INTO wamids (phone_number_id, wamid, workspace_id, message_id)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::uuid[])
ON CONFLICT (phone_number_id, wamid) DO NOTHING
RETURNING phone_number_id, wamid
