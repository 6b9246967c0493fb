-- Conversations that exist learn what was said, locked in the order of their ids. Meta's time decides, whatever the
-- order of arrival. $1 workspaces, $2 ids if they are new (unused here), $3 numbers, $4 contacts, $5 last words of the
-- person (or NULL), $6 last messages
WITH held AS MATERIALIZED (
  SELECT c.workspace_id, c.id, word.person_at, word.at
  FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::timestamptz[], $6::timestamptz[])
       AS word (workspace_id, new_id, phone_number_id, contact_id, person_at, at)
  JOIN conversations c ON c.workspace_id = word.workspace_id AND c.phone_number_id = word.phone_number_id
                      AND c.contact_id = word.contact_id
  ORDER BY c.id
  FOR NO KEY UPDATE OF c
)
UPDATE conversations c
SET last_inbound_at = greatest(c.last_inbound_at, held.person_at),
    last_message_at = greatest(c.last_message_at, held.at)
FROM held WHERE c.workspace_id = held.workspace_id AND c.id = held.id
RETURNING c.workspace_id, c.phone_number_id, c.contact_id, c.id
