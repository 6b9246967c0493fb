-- $1 workspaces, $2 ids, $3 numbers, $4 contacts, $5 conversations, $6 types, $7 contents, $8 wamids, $9 times
INSERT INTO messages (workspace_id, id, direction, phone_number_id, contact_id, conversation_id, type, content, wamid,
                      received_at)
SELECT workspace_id, id, 'inbound', phone_number_id, contact_id, conversation_id, type, content, wamid, received_at
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::text[], $7::jsonb[], $8::text[],
            $9::timestamptz[])
     AS m (workspace_id, id, phone_number_id, contact_id, conversation_id, type, content, wamid, received_at)
