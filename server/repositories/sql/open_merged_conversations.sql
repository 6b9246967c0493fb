-- The contact $3 gets a conversation with every number that the contacts $2 have one with, before those that exist are
-- locked: as in hear_conversations. $1 workspace, $4 as many new ids as may be needed
INSERT INTO conversations (workspace_id, id, phone_number_id, contact_id, last_message_at)
SELECT $1, ($4::uuid[])[row_number() OVER (ORDER BY theirs.phone_number_id)], theirs.phone_number_id, $3, theirs.at
FROM (
  SELECT c.phone_number_id, max(c.last_message_at) AS at FROM conversations c
  WHERE c.workspace_id = $1 AND c.contact_id = ANY ($2::uuid[])
  GROUP BY c.phone_number_id
) theirs
ORDER BY theirs.phone_number_id
ON CONFLICT (workspace_id, phone_number_id, contact_id) DO NOTHING
