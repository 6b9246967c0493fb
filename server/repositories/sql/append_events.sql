INSERT INTO events (workspace_id, id, type, subject_id, data)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::jsonb[])
