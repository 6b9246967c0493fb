-- Locked messages become `held`, for the reasons $3.
UPDATE outbox o SET state = 'held', state_since = clock_timestamp(), wait_reason = v.reason
FROM unnest($1::uuid[], $2::uuid[], $3::text[]) AS v (workspace_id, message_id, reason)
WHERE o.workspace_id = v.workspace_id AND o.message_id = v.message_id
