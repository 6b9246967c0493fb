-- Meta took these messages. Their outbox rows go, even while a later attempt is on the wire: whatever comes of that, the
-- message must not be sent again. A person who gave a message up is corrected. Those that were not known to be accepted
-- have an event each. All in one statement, since almost every result is this one; what it changes was locked by
-- statements of their own before it, so that it sees what others have just committed. Whatever the statistics say, rows are
-- looked up by their whole keys, and a tick costs what its results cost, not what the tables hold.
-- What Meta gives up earlier than usual, or took later than $6 after it was made, has a deadline: its time to live (a
-- one-time password's: $5) and $7. The usual is $8. $16: the worker.
WITH v AS MATERIALIZED (
  SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bool[], $9::int[], $10::timestamptz[], $11::int[],
                       $12::smallint[], $13::text[], $14::text[], $15::uuid[])
    AS t (workspace_id, message_id, wamid, paced, attempt, started_at, latency_ms, http_status, fbtrace_id, wa_id, event_id)
), settled AS (
  -- Their rows are locked, so they stay where they are.
  DELETE FROM outbox WHERE ctid = ANY (ARRAY (
    SELECT place.ctid FROM v CROSS JOIN LATERAL (
      SELECT o.ctid FROM outbox o WHERE o.workspace_id = v.workspace_id AND o.message_id = v.message_id LIMIT 1) place))
), locked AS MATERIALIZED (
  SELECT v.*, m.accepted_at, m.type, m.content, m.phone_number_id, m.contact_id, m.created_at, m.is_given_up
  FROM v CROSS JOIN LATERAL (
    SELECT m.accepted_at, m.type, m.content, m.phone_number_id, m.contact_id, m.created_at,
           m.error ->> 'code' IS NOT DISTINCT FROM 'resolved_as_failed' AS is_given_up
    FROM messages m WHERE m.workspace_id = v.workspace_id AND m.id = v.message_id LIMIT 1
  ) m
), attempted AS (
  -- A result that is known replaces the rescuer's guess of the same attempt.
  INSERT INTO message_attempts AS a (workspace_id, message_id, attempt, phone_number_id, started_at, latency_ms, outcome,
    http_status, fbtrace_id, wamid, worker_id)
  SELECT workspace_id, message_id, attempt, phone_number_id, started_at, latency_ms, 'accepted', http_status, fbtrace_id,
         wamid, $16::uuid
  FROM locked
  ON CONFLICT (workspace_id, message_id, attempt) DO UPDATE
  SET latency_ms = excluded.latency_ms, outcome = excluded.outcome, http_status = excluded.http_status,
      error_code = NULL, error_subcode = NULL, error_title = NULL, error_details = NULL,
      fbtrace_id = excluded.fbtrace_id, wamid = excluded.wamid
), named AS (
  INSERT INTO wamids (phone_number_id, wamid, workspace_id, message_id)
  SELECT phone_number_id, wamid, workspace_id, message_id
  FROM locked
  ORDER BY phone_number_id, wamid
  ON CONFLICT DO NOTHING
), timed AS (
  INSERT INTO delivery_deadlines (workspace_id, message_id, due_at)
  SELECT locked.workspace_id, locked.message_id, now() + coalesce(life.ttl, $8::interval) + $7::interval
  FROM locked
  LEFT JOIN LATERAL (
    SELECT t.category, t.message_send_ttl_s
    FROM templates t JOIN phone_numbers n ON n.workspace_id = t.workspace_id AND n.waba_id = t.waba_id
    WHERE locked.type = 'template' AND n.id = locked.phone_number_id AND t.workspace_id = locked.workspace_id
      AND t.name = locked.content #>> '{template,name}' AND t.language = locked.content #>> '{template,language,code}'
    LIMIT 1
  ) model ON true
  CROSS JOIN LATERAL (
    SELECT CASE
      WHEN coalesce(locked.content ->> 'ttl_seconds', model.message_send_ttl_s::text) IS NOT NULL
        THEN make_interval(secs => coalesce((locked.content ->> 'ttl_seconds')::int, model.message_send_ttl_s))
      WHEN upper(coalesce(locked.content ->> 'category', model.category)) = 'AUTHENTICATION' THEN $5::interval
    END AS ttl
  ) life
  WHERE locked.accepted_at IS NULL AND (life.ttl < $8 OR locked.created_at < now() - $6::interval)
  ORDER BY locked.message_id
  ON CONFLICT DO NOTHING
), learnt AS (
  -- Meta says under which WhatsApp id it knows a recipient: the contact answers to it from now on.
  INSERT INTO contact_identities (workspace_id, kind, value, contact_id, source)
  SELECT DISTINCT ON (workspace_id, wa_id) workspace_id, 'wa_id', wa_id, contact_id, 'send'
  FROM locked
  WHERE wa_id IS NOT NULL
  ORDER BY workspace_id, wa_id, message_id
  ON CONFLICT DO NOTHING
), accepted AS (
  UPDATE messages m
  SET accepted_at = coalesce(m.accepted_at, clock_timestamp()),
      paced_at = CASE WHEN few.paced THEN coalesce(m.paced_at, clock_timestamp()) ELSE m.paced_at END,
      wamid = coalesce(m.wamid, few.wamid),
      failed_at = CASE WHEN few.is_given_up THEN NULL ELSE m.failed_at END,
      error = CASE WHEN few.is_given_up THEN NULL ELSE m.error END
  -- Every attempt is between them: it is said so that the planner expects few rows, and looks each message up by its key.
  FROM (SELECT * FROM locked WHERE attempt BETWEEN 1 AND 2147483647) few
  WHERE m.workspace_id = few.workspace_id AND m.id = few.message_id
  RETURNING m.workspace_id, m.id, m.client_reference, m.wamid, m.accepted_at, few.event_id, few.accepted_at IS NULL AS first
)
INSERT INTO events (workspace_id, id, type, subject_id, data)
SELECT workspace_id, event_id, 'message.accepted', id, jsonb_build_object(
         'message_id', id, 'client_reference', client_reference, 'wamid', wamid,
         'at', to_char(accepted_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
FROM accepted
WHERE first
ORDER BY event_id
