-- Merges what Meta said of messages into their facts: each becomes the earliest that is known, and each that nobody knew is
-- an event, in the order in which they happen. The rules are those of domain.lifecycle. Outbound messages are locked in the
-- order of their ids and, whatever the statistics say, looked up by their whole keys. That a person gave one up is no fact
-- of Meta's and gives way to what Meta says. Of several failures the earliest counts, of several prices the greatest text.
-- Returns the events; and with no type the messages that are none of ours.
-- $1 workspaces, $2 messages, $3 wamids, $4 statuses, $5 times, $6 errors (of one failure a message), $7 prices,
-- $8 ids for as many events, ascending
WITH said AS MATERIALIZED (
  SELECT s.workspace_id, s.message_id, min(s.place) AS place, min(s.wamid COLLATE "C") AS wamid,
         min(s.at) FILTER (WHERE s.status = 'sent') AS sent_at,
         min(s.at) FILTER (WHERE s.status = 'delivered') AS delivered_at,
         min(s.at) FILTER (WHERE s.status = 'read') AS read_at,
         min(s.at) FILTER (WHERE s.status = 'played') AS played_at,
         min(s.at) FILTER (WHERE s.status = 'failed') AS failed_at,
         max(s.error)::jsonb AS error,
         max(s.pricing::jsonb::text COLLATE "C") AS pricing
  FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::timestamptz[], $6::text[], $7::text[])
       WITH ORDINALITY AS s (workspace_id, message_id, wamid, status, at, error, pricing, place)
  GROUP BY s.workspace_id, s.message_id
), held AS MATERIALIZED (
  SELECT said.*, m.id, m.phone_number_id, m.contact_id, m.conversation_id, m.client_reference,
         coalesce(m.wamid, said.wamid) AS known_wamid, m.is_given_up,
         m.sent_at AS sent_before, m.delivered_at AS delivered_before, m.read_at AS read_before,
         m.played_at AS played_before, CASE WHEN NOT m.is_given_up THEN m.failed_at END AS failed_before,
         m.error AS error_before
  FROM (SELECT * FROM said ORDER BY message_id OFFSET 0) said
  LEFT JOIN LATERAL (
    SELECT m.*, m.error ->> 'code' IS NOT DISTINCT FROM 'resolved_as_failed' AS is_given_up
    FROM messages m
    WHERE m.workspace_id = said.workspace_id AND m.id = said.message_id AND m.direction = 'outbound'
    LIMIT 1
    FOR NO KEY UPDATE
  ) m ON true
), merged AS (
  UPDATE messages m
  SET wamid = few.known_wamid,
      sent_at = least(m.sent_at, few.sent_at),
      delivered_at = least(m.delivered_at, few.delivered_at),
      read_at = least(m.read_at, few.read_at),
      played_at = least(m.played_at, few.played_at),
      failed_at = least(few.failed_before, few.failed_at),
      error = CASE WHEN few.is_first_failure THEN few.error WHEN NOT few.is_given_up THEN m.error END,
      pricing = CASE WHEN few.pricing IS NULL THEN m.pricing
                     ELSE greatest(m.pricing::text COLLATE "C", few.pricing)::jsonb END
  -- Every place is between them: it is said so that the planner expects few rows, and looks each message up by its key.
  FROM (
    SELECT *, failed_at IS NOT NULL AND (
             failed_before IS NULL OR failed_at < failed_before
             OR failed_at = failed_before AND ARRAY[error ->> 'code', error ->> 'title', coalesce(error ->> 'details', '')] COLLATE "C"
                < ARRAY[error_before ->> 'code', error_before ->> 'title', coalesce(error_before ->> 'details', '')]) AS is_first_failure
    FROM held WHERE place BETWEEN 1 AND 2147483647
  ) few
  WHERE m.workspace_id = few.workspace_id AND m.id = few.id
), told AS (
  INSERT INTO events (workspace_id, id, type, subject_id, data)
  SELECT held.workspace_id, ($8::uuid[])[row_number() OVER (ORDER BY held.place, fact.rank)], 'message.' || fact.status,
         held.id,
         jsonb_build_object(
           'message_id', held.id, 'client_reference', held.client_reference, 'wamid', held.known_wamid,
           'phone_number_id', held.phone_number_id, 'contact_id', held.contact_id,
           'conversation_id', held.conversation_id,
           'at', to_char(fact.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
         || CASE WHEN fact.status = 'failed' THEN jsonb_build_object('error', held.error) ELSE '{}' END
  FROM held CROSS JOIN LATERAL (
    VALUES (1, 'sent', sent_at, sent_before), (2, 'delivered', delivered_at, delivered_before),
           (3, 'read', read_at, read_before), (4, 'played', played_at, played_before),
           (5, 'failed', failed_at, failed_before)
  ) AS fact (rank, status, at, before)
  WHERE held.id IS NOT NULL AND fact.at IS NOT NULL AND fact.before IS NULL
  RETURNING workspace_id, subject_id, type
)
SELECT workspace_id, subject_id, type FROM told
UNION ALL
SELECT workspace_id, message_id, NULL FROM held WHERE id IS NULL
