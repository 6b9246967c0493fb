-- These tries ($1 workspaces, $2 messages, $3 attempts) never began: where the rescuer has guessed otherwise, its guess is
-- corrected.
UPDATE message_attempts a SET outcome = 'late', error_details = NULL
FROM unnest($1::uuid[], $2::uuid[], $3::int[]) AS v (workspace_id, message_id, attempt)
WHERE a.workspace_id = v.workspace_id AND a.message_id = v.message_id AND a.attempt = v.attempt
