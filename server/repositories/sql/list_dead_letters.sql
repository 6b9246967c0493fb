-- What was given up, newest first. $1 how many
SELECT f.inbox_id, f.change_index, f.error, f.created_at
FROM webhook_failures f
WHERE f.kind = 'dead' AND NOT EXISTS (SELECT FROM webhook_jobs j WHERE j.inbox_id = f.inbox_id)
ORDER BY f.created_at DESC, f.inbox_id, f.change_index
LIMIT $1
