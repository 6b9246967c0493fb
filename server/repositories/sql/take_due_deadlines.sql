-- Deadlines of deliveries that have passed, at most $1, go. Returns their messages.
DELETE FROM delivery_deadlines d USING (
  SELECT workspace_id, message_id FROM delivery_deadlines
  WHERE due_at <= now()
  ORDER BY due_at
  LIMIT $1
  FOR UPDATE SKIP LOCKED
) due
WHERE d.workspace_id = due.workspace_id AND d.message_id = due.message_id
RETURNING d.workspace_id, d.message_id
