-- A status proves that Meta processed the message: whatever its dispatch state was, it is settled.
-- $1 workspaces, $2 messages
WITH held AS MATERIALIZED (
  SELECT o.workspace_id, o.message_id
  FROM unnest($1::uuid[], $2::uuid[]) AS wanted (workspace_id, message_id)
  JOIN outbox o ON o.workspace_id = wanted.workspace_id AND o.message_id = wanted.message_id
  ORDER BY o.message_id
  FOR UPDATE OF o
)
DELETE FROM outbox o USING held WHERE o.workspace_id = held.workspace_id AND o.message_id = held.message_id
