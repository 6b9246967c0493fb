-- The contact $3's conversations learn what those of the contacts $2 with the same numbers know; locked in the order of
-- their ids. The others stay, empty, until the last pass. $1 workspace
WITH held AS MATERIALIZED (
  SELECT c.id, c.phone_number_id, c.contact_id, c.last_inbound_at, c.last_message_at, c.free_entry_until
  FROM conversations c
  WHERE c.workspace_id = $1 AND (c.contact_id = ANY ($2::uuid[]) OR c.contact_id = $3)
  ORDER BY c.id
  FOR NO KEY UPDATE
), known AS (
  SELECT phone_number_id, max(last_inbound_at) AS last_inbound_at, max(last_message_at) AS last_message_at,
         max(free_entry_until) AS free_entry_until
  FROM held
  GROUP BY phone_number_id
)
UPDATE conversations c
SET last_inbound_at = known.last_inbound_at, last_message_at = known.last_message_at,
    free_entry_until = known.free_entry_until
FROM held JOIN known USING (phone_number_id)
WHERE c.workspace_id = $1 AND c.id = held.id AND held.contact_id = $3
