-- $1 workspaces, $2 ids, $3 contacts, $4 kinds, $5 states, $6 sources, $7 numbers or NULL, $8 times
INSERT INTO consents (workspace_id, id, contact_id, kind, state, source, phone_number_id, at)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::uuid[],
                     $8::timestamptz[])
