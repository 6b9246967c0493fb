-- The messages that statuses speak of, locked in the order of their ids until the commit. That a person gave one up is no
-- fact of Meta's and gives way to what Meta says.
-- $1 workspaces, $2 messages
SELECT m.workspace_id, m.id, m.phone_number_id, m.contact_id, m.conversation_id, m.client_reference, m.wamid,
       m.sent_at, m.delivered_at, m.read_at, m.played_at, m.pricing,
       CASE WHEN m.error ->> 'code' = 'resolved_as_failed' THEN NULL ELSE m.failed_at END AS failed_at,
       CASE WHEN m.error ->> 'code' = 'resolved_as_failed' THEN NULL ELSE m.error END AS error
FROM unnest($1::uuid[], $2::uuid[]) AS wanted (workspace_id, id)
JOIN messages m ON m.workspace_id = wanted.workspace_id AND m.id = wanted.id
WHERE m.direction = 'outbound'
ORDER BY m.id
FOR NO KEY UPDATE OF m
