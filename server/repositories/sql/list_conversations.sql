-- A page of conversations, the last active first, from below ($2 last_message_at, $3 id); $4 one number or null, $5 one
-- conversation or null, $6 how many.
SELECT c.id, c.last_message_at, c.last_inbound_at, c.created_at, c.contact_id, p.name AS contact_name,
       n.id AS number_id, n.phone_number_id, n.display_phone_number, n.verified_name,
       last.id AS last_id, last.direction AS last_direction, last.type AS last_type, last.content AS last_content,
       last.created_at AS last_created_at
FROM conversations c
JOIN phone_numbers n ON n.workspace_id = c.workspace_id AND n.id = c.phone_number_id
JOIN contacts p ON p.workspace_id = c.workspace_id AND p.id = c.contact_id
LEFT JOIN LATERAL (
  SELECT m.id, m.direction, m.type, m.content, coalesce(m.received_at, m.created_at) AS created_at
  FROM messages m
  WHERE m.workspace_id = c.workspace_id AND m.conversation_id = c.id
  ORDER BY m.id DESC
  LIMIT 1
) last ON true
WHERE c.workspace_id = $1
  AND (c.last_message_at, c.id)
      < (coalesce($2::timestamptz, 'infinity'), coalesce($3::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
  AND ($4::uuid IS NULL OR c.phone_number_id = $4)
  AND ($5::uuid IS NULL OR c.id = $5)
ORDER BY c.last_message_at DESC, c.id DESC
LIMIT $6
