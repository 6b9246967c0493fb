-- Writes idempotency rows, messages and outbox rows, all or, for a request whose key is taken, none of it; returns the
-- keys that were free. $1 workspace, $2 endpoint, $3 keys, $4 request hashes, $5 answers; $6 the contents, a JSON array;
-- $7 to $21 one element a message, NULLs at the end left out, its media as the text of an array; $22 their conversations,
-- each once.
WITH claim AS (
  INSERT INTO idempotency_keys (workspace_id, endpoint, key, request_hash, status, response)
  SELECT $1, $2, k.key, k.request_hash, 202, k.response
  FROM unnest($3::text[], $4::bytea[], $5::text[]) AS k (key, request_hash, response)
  ORDER BY k.key
  ON CONFLICT DO NOTHING
  RETURNING key
), item AS MATERIALIZED (
  SELECT i.*
  FROM ROWS FROM (
    jsonb_array_elements($6::jsonb),
    unnest($7::uuid[], $8::text[], $9::uuid[], $10::uuid[], $11::uuid[], $12::uuid[], $13::text[], $14::text[],
           $15::text[], $16::smallint[], $17::text[], $18::timestamptz[], $19::timestamptz[], $20::text[], $21::text[])
  ) AS i (content, id, key, api_key_id, phone_number_id, contact_id, conversation_id, type, recipient, client_reference,
          lane, on_ambiguous, send_at, expires_at, wait_reason, media)
  WHERE i.key IS NULL OR i.key IN (SELECT key FROM claim)
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
