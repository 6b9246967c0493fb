-- Conversations of the contacts $2, in which no message is left. $1 workspace
DELETE FROM conversations c
WHERE c.workspace_id = $1 AND c.contact_id = ANY ($2::uuid[])
  AND NOT EXISTS (SELECT FROM messages m WHERE m.workspace_id = c.workspace_id AND m.conversation_id = c.id)
