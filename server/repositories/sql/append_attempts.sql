-- A result that is known replaces the rescuer's guess of the same attempt.
INSERT INTO message_attempts AS a (workspace_id, message_id, attempt, phone_number_id, started_at, latency_ms, outcome,
  http_status, error_code, error_subcode, error_title, error_details, fbtrace_id, wamid, worker_id)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::int[], $4::uuid[], $5::timestamptz[], $6::int[], $7::text[],
  $8::smallint[], $9::int[], $10::int[], $11::text[], $12::text[], $13::text[], $14::text[], $15::uuid[])
ON CONFLICT (workspace_id, message_id, attempt) DO UPDATE
SET latency_ms = excluded.latency_ms, outcome = excluded.outcome, http_status = excluded.http_status,
    error_code = excluded.error_code, error_subcode = excluded.error_subcode, error_title = excluded.error_title,
    error_details = excluded.error_details, fbtrace_id = excluded.fbtrace_id, wamid = excluded.wamid
