-- The statuses whose message has become known, not locked: they are the last that is. $1 how many, $2 those that came
-- within so many seconds: another provider's messages of the same account leave statuses here that never find a message,
-- and there may be very many.
SELECT o.phone_number_id, o.wamid, o.status, o.recipient, o.error_code, o.workspace_id, o.at, o.data
FROM orphan_statuses o
JOIN wamids w ON w.phone_number_id = o.phone_number_id AND w.wamid = o.wamid
JOIN messages m ON m.workspace_id = w.workspace_id AND m.id = w.message_id AND m.direction = 'outbound'
WHERE o.received_at > now() - make_interval(secs => $2)
LIMIT $1
