-- Files that came with messages, to be fetched. $1 workspaces, $2 messages, $3 numbers, $4 Meta's media ids, $5 types,
-- $6 digests as Meta gives them, $7 names
INSERT INTO inbound_media (workspace_id, message_id, phone_number_id, meta_media_id, mime_type, sha256, filename)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[])
