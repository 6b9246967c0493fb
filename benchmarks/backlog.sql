-- $2 texts for as many people, who have just written to the numbers $3 in turn: contacts, open conversations, messages and
-- outbox rows of lane $4 in the workspace $1. Ids are UUIDv7 of this moment.
WITH made AS MATERIALIZED (
  SELECT place, $3::uuid[] AS numbers,
         (lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0') || '7'
          || substr(md5(random()::text), 1, 3) || 'b' || substr(md5(random()::text || place), 1, 15))::uuid AS message_id,
         gen_random_uuid() AS contact_id, gen_random_uuid() AS conversation_id
  FROM generate_series(0, $2::int - 1) AS place
), addressed AS MATERIALIZED (
  SELECT made.*, numbers[1 + place % cardinality(numbers)] AS number_id FROM made
), people AS (
  INSERT INTO contacts (workspace_id, id) SELECT $1, contact_id FROM addressed
), windows AS (
  INSERT INTO conversations (workspace_id, id, phone_number_id, contact_id, last_inbound_at, last_message_at)
  SELECT $1, conversation_id, number_id, contact_id, now(), now() FROM addressed
), texts AS (
  INSERT INTO messages (workspace_id, id, direction, phone_number_id, contact_id, conversation_id, type, content,
    recipient, lane, on_ambiguous)
  SELECT $1, message_id, 'outbound', number_id, contact_id, conversation_id, 'text',
         jsonb_build_object('type', 'text', 'text',
           jsonb_build_object('body', 'Your order ' || place || ' is on its way', 'preview_url', false)),
         '+1555' || lpad((random() * 9999999)::int::text, 7, '0'), $4, 'retry'
  FROM addressed
)
INSERT INTO outbox (workspace_id, message_id, phone_number_id, contact_id, lane)
SELECT $1, message_id, number_id, contact_id, $4 FROM addressed
