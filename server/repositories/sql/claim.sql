-- The next messages of the granted numbers ($1 numbers, $2 how many each), with the facts that gates and renderer need.
-- Numbers that only probe ($3) send one message while nothing else of theirs is on the wire. Only of the lanes from $4 to
-- $5, and none of the messages $6, which are claimed already. Numbers are locked before this statement begins, so that it
-- sees what the claim before it committed.
-- Of a pair only its first message, and none while one is on the wire: messages of a pair leave in accept order, a lane
-- at a time. One that waits for its file stops holding the others back when the upload has failed three times.
-- Every lookup is a whole key behind LATERAL … LIMIT 1 or OFFSET 0, and `lock_numbers` has turned off what reads an index
-- out of its order, so that no statistics can talk the planner into reading more.
SELECT o.ctid::text AS place, o.message_id, o.workspace_id, o.phone_number_id, o.contact_id, o.attempt,
       o.expires_at, o.media, m.type, m.content, m.recipient, c.last_inbound_at,
       m.content ->> 'category' AS category, coalesce(m.content ->> 'recipient_type', 'individual') AS recipient_type,
       model.status AS template_status, model.components AS template_components, kind.category AS priced_as,
       coalesce(word.state = 'revoked', false) AS opted_out
FROM unnest($1::uuid[], $2::int[], $3::bool[], $4::smallint[], $5::smallint[])
  AS granted (number_id, budget, probing, first_lane, last_lane)
CROSS JOIN LATERAL (
  SELECT q.ctid, q.message_id, q.workspace_id, q.phone_number_id, q.contact_id, q.attempt, q.expires_at, q.media
  FROM outbox q
  WHERE q.phone_number_id = granted.number_id AND q.state = 'queued' AND q.due_at <= now()
    AND q.lane BETWEEN granted.first_lane AND granted.last_lane AND q.message_id <> ALL ($6::uuid[])
    AND (q.expires_at IS NULL OR q.expires_at > now())
    AND NOT EXISTS (
      SELECT FROM outbox earlier
      WHERE earlier.phone_number_id = q.phone_number_id AND earlier.contact_id = q.contact_id
        AND (earlier.state = 'sending'
             OR earlier.state = 'queued' AND (earlier.lane, earlier.message_id) < (q.lane, q.message_id)
                AND (earlier.expires_at IS NULL OR earlier.expires_at > now())
                AND NOT (earlier.wait_reason = 'media' AND EXISTS (
                  SELECT FROM media_uploads u
                  WHERE u.workspace_id = earlier.workspace_id AND u.media_id = ANY (earlier.media)
                    AND u.phone_number_id = earlier.phone_number_id AND u.meta_media_id IS NULL AND u.failures >= 3)))
      OFFSET 0)
  ORDER BY q.lane, q.due_at, q.message_id
  LIMIT CASE
    WHEN NOT granted.probing THEN granted.budget
    WHEN EXISTS (SELECT FROM outbox w WHERE w.phone_number_id = granted.number_id AND w.state = 'sending') THEN 0
    ELSE least(granted.budget, 1)
  END
  FOR UPDATE SKIP LOCKED
) o
CROSS JOIN LATERAL (
  SELECT m.* FROM messages m WHERE m.workspace_id = o.workspace_id AND m.id = o.message_id LIMIT 1
) m
CROSS JOIN LATERAL (
  SELECT c.last_inbound_at FROM conversations c WHERE c.workspace_id = m.workspace_id AND c.id = m.conversation_id LIMIT 1
) c
LEFT JOIN LATERAL (
  SELECT t.status, t.category, nullif(t.components, '[]') AS components FROM templates t JOIN phone_numbers n ON n.workspace_id = t.workspace_id AND n.waba_id = t.waba_id
  WHERE m.type = 'template' AND n.id = o.phone_number_id AND t.workspace_id = o.workspace_id
    AND t.name = m.content #>> '{template,name}' AND t.language = m.content #>> '{template,language,code}'
  LIMIT 1
) model ON true
CROSS JOIN LATERAL (
  SELECT CASE WHEN m.content -> 'marketing' IS NOT NULL THEN 'MARKETING'
              ELSE coalesce(upper(m.content ->> 'category'), model.category) END AS category
) kind
LEFT JOIN LATERAL (
  SELECT s.state FROM consents s
  WHERE kind.category = 'MARKETING' AND s.workspace_id = o.workspace_id AND s.contact_id = o.contact_id AND s.kind = 'marketing'
  ORDER BY s.at DESC
  LIMIT 1
) word ON true
