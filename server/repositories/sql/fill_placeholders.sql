-- Messages of a history whose media come later get them, locked in the order of their ids; a message that has its own
-- keeps it. $1 numbers, $2 wamids, $3 types, $4 contents; returns the messages
WITH held AS MATERIALIZED (
  SELECT m.workspace_id, m.id, f.type, f.content
  FROM unnest($1::uuid[], $2::text[], $3::text[], $4::jsonb[]) AS f (phone_number_id, wamid, type, content)
  JOIN wamids w USING (phone_number_id, wamid)
  JOIN messages m ON m.workspace_id = w.workspace_id AND m.id = w.message_id
  WHERE m.source = 'history' AND m.type = 'media_placeholder'
  ORDER BY m.id
  FOR NO KEY UPDATE OF m
)
UPDATE messages m SET type = held.type, content = held.content
FROM held WHERE m.workspace_id = held.workspace_id AND m.id = held.id
RETURNING m.workspace_id, m.id, m.phone_number_id, m.wamid
