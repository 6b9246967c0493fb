-- Bodies that came in a time and have no job, oldest first. $1 after this id or NULL, $2 since, $3 until, $4 how many
SELECT i.id, i.received_at, i.body
FROM webhook_inbox i
WHERE i.id >= uuid_floor($2) AND i.id < uuid_floor($3) AND ($1::uuid IS NULL OR i.id > $1)
  AND NOT EXISTS (SELECT FROM webhook_jobs j WHERE j.inbox_id = i.id)
ORDER BY i.id
LIMIT $4
