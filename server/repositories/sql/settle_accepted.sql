-- Meta took these messages. Their outbox rows go, even while a later attempt is on the wire: whatever comes of that, the
-- message must not be sent again. A person who gave a message up is corrected. Returns those that were not known to be
-- accepted.
WITH v AS (
  SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bool[])
    AS t (workspace_id, message_id, wamid, paced)
), held AS (
  SELECT o.workspace_id, o.message_id
  FROM outbox o JOIN v USING (workspace_id, message_id)
  ORDER BY o.message_id
  FOR UPDATE OF o
), settled AS (
  DELETE FROM outbox o USING held WHERE o.workspace_id = held.workspace_id AND o.message_id = held.message_id
  RETURNING o.message_id
), locked AS (
  -- After the outbox rows, in the order of their ids: the lock order that all writers keep.
  SELECT m.workspace_id, m.id, m.accepted_at, m.error ->> 'code' IS NOT DISTINCT FROM 'resolved_as_failed' AS is_given_up
  FROM messages m JOIN v ON m.workspace_id = v.workspace_id AND m.id = v.message_id
  WHERE (SELECT count(*) FROM settled) >= 0
  ORDER BY m.id
  FOR UPDATE OF m
), named AS (
  INSERT INTO wamids (phone_number_id, wamid, workspace_id, message_id)
  SELECT m.phone_number_id, v.wamid, v.workspace_id, v.message_id
  FROM v JOIN messages m ON m.workspace_id = v.workspace_id AND m.id = v.message_id
  ORDER BY m.phone_number_id, v.wamid
  ON CONFLICT DO NOTHING
)
UPDATE messages m
SET accepted_at = coalesce(m.accepted_at, clock_timestamp()),
    paced_at = CASE WHEN v.paced THEN coalesce(m.paced_at, clock_timestamp()) ELSE m.paced_at END,
    wamid = coalesce(m.wamid, v.wamid),
    failed_at = CASE WHEN locked.is_given_up THEN NULL ELSE m.failed_at END,
    error = CASE WHEN locked.is_given_up THEN NULL ELSE m.error END
FROM v JOIN locked ON locked.workspace_id = v.workspace_id AND locked.id = v.message_id
WHERE m.workspace_id = v.workspace_id AND m.id = v.message_id
RETURNING m.workspace_id, m.id AS message_id, m.client_reference, m.wamid, m.accepted_at,
          locked.accepted_at IS NULL AS first
