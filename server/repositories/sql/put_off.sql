-- Queued messages that wait longer: $3 seconds from now, for the reason $4. Rows are locked by the claim.
UPDATE outbox o
SET due_at = clock_timestamp() + make_interval(secs => v.wait_s), wait_reason = v.reason
FROM unnest($1::uuid[], $2::uuid[], $3::float8[], $4::text[]) AS v (workspace_id, message_id, wait_s, reason)
WHERE o.workspace_id = v.workspace_id AND o.message_id = v.message_id
