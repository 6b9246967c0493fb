-- $1 inbox ids, $2 change indexes, $3 kinds, $4 and $5 Meta's ids of numbers and accounts, $6 errors; no (id, index) twice
INSERT INTO webhook_failures (inbox_id, change_index, kind, meta_phone_number_id, meta_waba_id, error)
SELECT * FROM unnest($1::uuid[], $2::integer[], $3::text[], $4::text[], $5::text[], $6::text[])
ON CONFLICT (inbox_id, change_index) DO UPDATE
SET kind = excluded.kind, meta_phone_number_id = excluded.meta_phone_number_id, meta_waba_id = excluded.meta_waba_id,
    error = excluded.error, created_at = now()
