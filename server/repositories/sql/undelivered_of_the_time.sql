-- A page of the messages made from $1 on and before $2, behind message ($3, $4), at most $5, in the order of their keys: and
-- of each whether Meta took it before $2 and nothing came since. Read by the key; the time of a message is in its id.
SELECT m.workspace_id, m.id,
       m.accepted_at <= $2 AND m.direction = 'outbound'
       AND coalesce(m.delivered_at, m.read_at, m.played_at, m.failed_at, m.undelivered_at) IS NULL
       AND NOT EXISTS (
         SELECT FROM delivery_deadlines d WHERE d.workspace_id = m.workspace_id AND d.message_id = m.id
       ) AS is_undelivered
FROM messages m
WHERE m.id >= uuid_floor($1) AND m.id < uuid_floor($2) AND (m.workspace_id, m.id) > ($3, $4)
ORDER BY m.workspace_id, m.id
LIMIT $5
