-- Scheduled messages whose time has come, at most $1, join the queue. Returns their numbers.
UPDATE outbox o SET state = 'queued', state_since = clock_timestamp()
FROM (
  SELECT s.workspace_id, s.message_id FROM outbox s
  WHERE s.state = 'scheduled' AND s.due_at <= now()
  ORDER BY s.message_id
  LIMIT $1
  FOR UPDATE SKIP LOCKED
) due
WHERE o.workspace_id = due.workspace_id AND o.message_id = due.message_id
RETURNING o.phone_number_id
