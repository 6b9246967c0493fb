-- Conversations that are missing, in the order of (number, contact); a rival may have made one meanwhile.
-- $1 workspaces, $2 ids, $3 numbers, $4 contacts, $5 last words of the person (or NULL), $6 last messages
INSERT INTO conversations AS c (workspace_id, id, phone_number_id, contact_id, last_inbound_at, last_message_at)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::timestamptz[], $6::timestamptz[])
ON CONFLICT (workspace_id, phone_number_id, contact_id) DO UPDATE
SET last_inbound_at = greatest(c.last_inbound_at, excluded.last_inbound_at),
    last_message_at = greatest(c.last_message_at, excluded.last_message_at)
RETURNING c.workspace_id, c.phone_number_id, c.contact_id, c.id
