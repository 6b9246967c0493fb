-- Locked messages that are `unknown` or `held` are queued for another attempt.
UPDATE outbox o SET state = 'queued', state_since = clock_timestamp(), due_at = clock_timestamp(), wait_reason = NULL
FROM unnest($1::uuid[], $2::uuid[]) AS v (workspace_id, message_id)
WHERE o.workspace_id = v.workspace_id AND o.message_id = v.message_id AND o.state IN ('unknown', 'held')
