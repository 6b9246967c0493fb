-- $1 inbox ids, $2 change indexes, $3 kinds, $4 Meta's phone number ids, $5 errors; no (id, index) twice
INSERT INTO webhook_failures (inbox_id, change_index, kind, meta_phone_number_id, error)
SELECT * FROM unnest($1::uuid[], $2::integer[], $3::text[], $4::text[], $5::text[])
ON CONFLICT (inbox_id, change_index) DO UPDATE
SET kind = excluded.kind, meta_phone_number_id = excluded.meta_phone_number_id, error = excluded.error, created_at = now()
