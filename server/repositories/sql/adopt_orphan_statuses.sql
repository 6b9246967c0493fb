-- Takes the statuses whose message has become known. $1 how many, $2 those that came within so many seconds: another
-- provider's messages of the same account leave statuses here that never find a message, and there may be very many.
WITH known AS MATERIALIZED (
  SELECT o.phone_number_id, o.wamid, o.status, o.recipient, o.error_code
  FROM orphan_statuses o
  JOIN wamids w ON w.phone_number_id = o.phone_number_id AND w.wamid = o.wamid
  JOIN messages m ON m.workspace_id = w.workspace_id AND m.id = w.message_id AND m.direction = 'outbound'
  WHERE o.received_at > now() - make_interval(secs => $2)
  LIMIT $1
  FOR UPDATE OF o SKIP LOCKED
)
DELETE FROM orphan_statuses o USING known k
WHERE (o.phone_number_id, o.wamid, o.status, o.recipient, o.error_code)
    = (k.phone_number_id, k.wamid, k.status, k.recipient, k.error_code)
RETURNING o.workspace_id, o.phone_number_id, o.data
