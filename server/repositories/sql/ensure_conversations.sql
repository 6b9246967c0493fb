-- Makes the conversations that are missing ($2 id if new, $3 number, $4 contact), in the order of their keys. Returns
-- those made; the others were made by someone else and are committed by now.
INSERT INTO conversations (workspace_id, id, phone_number_id, contact_id, last_message_at)
SELECT $1, wanted.id, wanted.phone_number_id, wanted.contact_id, now()
FROM unnest($2::uuid[], $3::uuid[], $4::uuid[]) AS wanted (id, phone_number_id, contact_id)
ORDER BY wanted.phone_number_id, wanted.contact_id
ON CONFLICT (workspace_id, phone_number_id, contact_id) DO NOTHING
RETURNING id, phone_number_id, contact_id
