-- Messages of the contacts $2 become the contact $3's, in the conversation that it keeps with the same number (see
-- merge_conversations); locked in the order of their ids. $1 workspace
WITH theirs AS MATERIALIZED (
  SELECT c.id, c.phone_number_id, c.contact_id FROM conversations c
  WHERE c.workspace_id = $1 AND (c.contact_id = ANY ($2::uuid[]) OR c.contact_id = $3)
), chosen AS (
  SELECT DISTINCT ON (phone_number_id) id, phone_number_id FROM theirs ORDER BY phone_number_id, contact_id <> $3, id
), held AS MATERIALIZED (
  SELECT m.id, chosen.id AS conversation_id
  FROM theirs
  JOIN chosen USING (phone_number_id)
  JOIN messages m ON m.workspace_id = $1 AND m.conversation_id = theirs.id
  WHERE m.contact_id <> $3 OR m.conversation_id <> chosen.id
  ORDER BY m.id
  FOR NO KEY UPDATE OF m
)
UPDATE messages m SET contact_id = $3, conversation_id = held.conversation_id
FROM held WHERE m.workspace_id = $1 AND m.id = held.id
