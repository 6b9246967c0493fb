-- A status proves that Meta processed the message: whatever its dispatch state was, it is settled. Also writes the attempt
-- of a message whose sender has given no result; should that come yet, it replaces this one.
-- $1 workspaces, $2 messages
WITH held AS MATERIALIZED (
  SELECT o.workspace_id, o.message_id, o.attempt, o.phone_number_id, o.state, o.state_since, o.worker_id
  FROM unnest($1::uuid[], $2::uuid[]) AS wanted (workspace_id, message_id)
  JOIN outbox o ON o.workspace_id = wanted.workspace_id AND o.message_id = wanted.message_id
  ORDER BY o.message_id
  FOR UPDATE OF o
), attempted AS (
  INSERT INTO message_attempts (workspace_id, message_id, attempt, phone_number_id, started_at, outcome,
    error_details, worker_id)
  SELECT workspace_id, message_id, attempt, phone_number_id, state_since, 'ambiguous',
    'a status came before its worker gave a result', worker_id
  FROM held WHERE state = 'sending'
  ON CONFLICT DO NOTHING
)
DELETE FROM outbox o USING held WHERE o.workspace_id = held.workspace_id AND o.message_id = held.message_id
