-- Messages of the contacts $2, or in their conversations, locked in the order of their ids. $1 workspace
SELECT m.id
FROM conversations c
JOIN messages m ON m.workspace_id = c.workspace_id AND m.conversation_id = c.id
WHERE c.workspace_id = $1 AND (c.contact_id = ANY ($2::uuid[]) OR c.contact_id = $3)
  AND (c.contact_id <> $3 OR m.contact_id <> $3)
ORDER BY m.id
FOR NO KEY UPDATE OF m
