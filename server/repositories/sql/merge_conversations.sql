-- Conversations of the contacts $2 become the contact $3's. Where it has one with the same number, that one learns what
-- they knew, and they stay empty until the last pass; of several without one the first is kept. $1 workspace
WITH held AS MATERIALIZED (
  SELECT c.id, c.phone_number_id, c.contact_id, c.last_inbound_at, c.last_message_at, c.free_entry_until
  FROM conversations c
  WHERE c.workspace_id = $1 AND (c.contact_id = ANY ($2::uuid[]) OR c.contact_id = $3)
  ORDER BY c.id
  FOR UPDATE
), chosen AS (
  SELECT DISTINCT ON (phone_number_id) id, phone_number_id FROM held ORDER BY phone_number_id, contact_id <> $3, id
), known AS (
  SELECT chosen.id, max(held.last_inbound_at) AS last_inbound_at, max(held.last_message_at) AS last_message_at,
         max(held.free_entry_until) AS free_entry_until
  FROM chosen JOIN held USING (phone_number_id)
  GROUP BY chosen.id
)
UPDATE conversations c
SET contact_id = $3, last_inbound_at = known.last_inbound_at, last_message_at = known.last_message_at,
    free_entry_until = known.free_entry_until
FROM known WHERE c.workspace_id = $1 AND c.id = known.id
