-- Which messages statuses mean, in their order: the one that our own id names, else the one that has Meta's. A status proves
-- that Meta processed its message: whatever the dispatch state was, it is settled. Also writes the attempt of a message
-- whose sender has given no result; should that come yet, it replaces this one.
-- Whatever the statistics say, names and messages are looked up by their whole keys.
-- $1 numbers, $2 wamids, $3 workspaces, $4 the messages that our own ids name (or NULL)
WITH named AS MATERIALIZED (
  SELECT s.place, s.workspace_id, s.claimed, w.message_id AS known
  FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::uuid[])
       WITH ORDINALITY AS s (phone_number_id, wamid, workspace_id, claimed, place)
  LEFT JOIN LATERAL (
    SELECT w.message_id FROM wamids w
    WHERE w.phone_number_id = s.phone_number_id AND w.wamid = s.wamid AND w.workspace_id = s.workspace_id
    LIMIT 1
  ) w ON true
), meant AS MATERIALIZED (
  SELECT place, workspace_id, known IS NULL AS is_new_name,
         CASE WHEN claimed IS NULL OR claimed = known THEN known
              ELSE coalesce((SELECT m.id FROM messages m
                             WHERE m.workspace_id = named.workspace_id AND m.id = named.claimed AND m.direction = 'outbound'
                             LIMIT 1), known) END AS message_id
  FROM named
), held AS MATERIALIZED (
  SELECT o.workspace_id, o.message_id, o.attempt, o.phone_number_id, o.state, o.state_since, o.worker_id
  FROM (SELECT DISTINCT workspace_id, message_id FROM meant) wanted
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
), settled AS (
  DELETE FROM outbox o USING held WHERE o.workspace_id = held.workspace_id AND o.message_id = held.message_id
)
SELECT message_id, is_new_name FROM meant ORDER BY place
