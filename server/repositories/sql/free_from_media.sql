-- Messages of number $2 of workspace $1 that wait for medium $3 are due, already in this transaction.
WITH waiting AS MATERIALIZED (
  SELECT o.workspace_id, o.message_id FROM outbox o
  WHERE o.phone_number_id = $2 AND o.wait_reason = 'media' AND o.workspace_id = $1 AND o.state = 'queued'
    AND $3::uuid = ANY (o.media)
  ORDER BY o.message_id
  FOR UPDATE
)
UPDATE outbox o SET due_at = now(), wait_reason = NULL
FROM waiting
WHERE o.workspace_id = waiting.workspace_id AND o.message_id = waiting.message_id
