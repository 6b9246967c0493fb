-- What waits for the contacts $2 waits for the contact $3 instead; locked in the order of message ids. $1 workspace
WITH held AS MATERIALIZED (
  SELECT o.message_id
  FROM conversations c
  JOIN messages m ON m.workspace_id = c.workspace_id AND m.conversation_id = c.id
  JOIN outbox o ON o.workspace_id = m.workspace_id AND o.message_id = m.id
  WHERE c.workspace_id = $1 AND (c.contact_id = ANY ($2::uuid[]) OR c.contact_id = $3)
    AND o.contact_id = ANY ($2::uuid[])
  ORDER BY o.message_id
  FOR UPDATE OF o
)
UPDATE outbox o SET contact_id = $3 FROM held WHERE o.workspace_id = $1 AND o.message_id = held.message_id
