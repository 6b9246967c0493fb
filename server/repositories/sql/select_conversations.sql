-- Conversations with their number, their contact's name and their newest message. The repository adds which, and in what
-- order.
SELECT c.id, c.last_message_at, c.last_inbound_at, c.created_at, c.contact_id, p.name AS contact_name,
       n.id AS number_id, n.phone_number_id, n.display_phone_number, n.verified_name,
       last.id AS last_id, last.direction AS last_direction, last.type AS last_type, last.content AS last_content,
       last.at AS last_at
FROM conversations c
JOIN phone_numbers n ON n.workspace_id = c.workspace_id AND n.id = c.phone_number_id
JOIN contacts p ON p.workspace_id = c.workspace_id AND p.id = c.contact_id
LEFT JOIN LATERAL (
  SELECT m.id, m.direction, m.type, m.content, coalesce(m.received_at, m.created_at) AS at
  FROM messages m
  WHERE m.workspace_id = c.workspace_id AND m.conversation_id = c.id
  ORDER BY m.id DESC
  LIMIT 1
) last ON true
