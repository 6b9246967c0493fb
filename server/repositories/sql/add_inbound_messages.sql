-- $1 workspaces, $2 ids, $3 numbers, $4 contacts, $5 conversations, $6 types, $7 contents, $8 wamids, $9 times, $10 sources,
-- $11 whether the business wrote it; then, if so, $12-$16 sent, delivered, read, played, failed, $17 to whom
INSERT INTO messages (workspace_id, id, direction, phone_number_id, contact_id, conversation_id, type, content, wamid,
                      received_at, source, sent_at, delivered_at, read_at, played_at, failed_at, recipient)
SELECT workspace_id, id, CASE WHEN is_ours THEN 'outbound' ELSE 'inbound' END, phone_number_id, contact_id,
       conversation_id, type, content, wamid, CASE WHEN NOT is_ours THEN at END, source, sent_at, delivered_at, read_at,
       played_at, failed_at, recipient
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::text[], $7::jsonb[], $8::text[],
            $9::timestamptz[], $10::text[], $11::bool[], $12::timestamptz[], $13::timestamptz[], $14::timestamptz[],
            $15::timestamptz[], $16::timestamptz[], $17::text[])
     AS m (workspace_id, id, phone_number_id, contact_id, conversation_id, type, content, wamid, at, source, is_ours,
           sent_at, delivered_at, read_at, played_at, failed_at, recipient)
