-- Writes idempotency rows, messages and outbox rows, all or, for a request whose key is taken, none of it; returns the
-- keys that were free. $1 workspace, $2 endpoint, $3 keys, $4 request hashes, $5 answers; $6 the contents, a JSON array.
-- $7 to $21 have one element a message: $11 to $16 without the repetitions of their last value at the end, $11 the place
-- of the request's key in $3 or 0; $17 to $21 without the NULLs at the end, $21 media as the text of an array.
-- $22 their conversations, each once.
WITH claim AS (
  INSERT INTO idempotency_keys (workspace_id, endpoint, key, request_hash, status, response)
  SELECT $1, $2, k.key, k.request_hash, 202, k.response
  FROM unnest($3::text[], $4::bytea[], $5::text[]) AS k (key, request_hash, response)
  ORDER BY k.key
  ON CONFLICT DO NOTHING
  RETURNING key
), free AS MATERIALIZED (
  SELECT given.place FROM unnest($3::text[]) WITH ORDINALITY AS given (key, place) JOIN claim USING (key)
  UNION ALL SELECT 0
), rest AS MATERIALIZED (
  SELECT ($11::integer[])[cardinality($11)] AS key_place, ($12::uuid[])[cardinality($12)] AS api_key_id,
         ($13::uuid[])[cardinality($13)] AS phone_number_id, ($14::text[])[cardinality($14)] AS type,
         ($15::smallint[])[cardinality($15)] AS lane, ($16::text[])[cardinality($16)] AS on_ambiguous
), item AS MATERIALIZED (
  SELECT i.content, i.id, i.contact_id, i.conversation_id, i.recipient,
         coalesce(i.api_key_id, rest.api_key_id) AS api_key_id,
         coalesce(i.phone_number_id, rest.phone_number_id) AS phone_number_id,
         coalesce(i.type, rest.type) AS type, coalesce(i.lane, rest.lane) AS lane,
         coalesce(i.on_ambiguous, rest.on_ambiguous) AS on_ambiguous,
         i.client_reference, i.send_at, i.expires_at, i.wait_reason, i.media
  FROM ROWS FROM (
    jsonb_array_elements($6::jsonb),
    unnest($7::uuid[], $8::uuid[], $9::uuid[], $10::text[], $11::integer[], $12::uuid[], $13::uuid[], $14::text[],
           $15::smallint[], $16::text[], $17::text[], $18::timestamptz[], $19::timestamptz[], $20::text[], $21::text[])
  ) AS i (content, id, contact_id, conversation_id, recipient, key_place, api_key_id, phone_number_id, type, lane,
          on_ambiguous, client_reference, send_at, expires_at, wait_reason, media)
  CROSS JOIN rest
  WHERE coalesce(i.key_place, rest.key_place) IN (SELECT place FROM free)
), message AS (
  INSERT INTO messages (workspace_id, id, direction, phone_number_id, contact_id, conversation_id, type, content,
                        recipient, client_reference, api_key_id, lane, on_ambiguous, send_at, expires_at)
  SELECT $1, id, 'outbound', phone_number_id, contact_id, conversation_id, type, content, recipient,
         client_reference, api_key_id, lane, on_ambiguous, send_at, expires_at
  FROM item
), queued AS (
  INSERT INTO outbox (workspace_id, message_id, phone_number_id, contact_id, lane, due_at, expires_at, state, wait_reason,
                      media)
  SELECT $1, id, phone_number_id, contact_id, lane, greatest(now(), send_at), expires_at,
         CASE WHEN send_at > now() THEN 'scheduled' ELSE 'queued' END, wait_reason, media::uuid[]
  FROM item
), talk AS MATERIALIZED (
  SELECT c.id FROM conversations c
  WHERE c.workspace_id = $1 AND c.id = ANY ($22::uuid[])
  ORDER BY c.id
  FOR NO KEY UPDATE
), touched AS (
  -- One after the other as they are locked, in the order that every writer keeps.
  UPDATE conversations c SET last_message_at = greatest(c.last_message_at, now())
  FROM talk WHERE c.workspace_id = $1 AND c.id = talk.id
)
SELECT key FROM claim
