-- One row a command, in order, with what accepting it must know: number, contact, conversation, and the answer already
-- given to its Idempotency-Key. $1 workspace, $2 endpoint, $3 distinct senders as written, $4 each as our id, $5 each as
-- digits, $6 sender of each command, $7 the kind of its recipient's name, $8 that name, $9 and $10 its template's name and
-- language, $11 whether it is sent as marketing, $12 its request's key, given with the request's first command only. Of
-- $6, $7 and $11 the repetitions of the last value at the end are left out, of $9, $10 and $12 the NULLs.
-- Every lookup is a whole key behind LATERAL … LIMIT 1, so that no statistics can talk the planner into reading more.
WITH sender AS MATERIALIZED (
  SELECT DISTINCT ON (s.written) s.written, p.id, p.waba_id, p.pause_reason, p.throughput_mps
  FROM unnest($3::text[], $4::uuid[], $5::text[]) AS s (written, id, digits)
  CROSS JOIN LATERAL (
    SELECT n.id, n.waba_id, n.pause_reason, n.throughput_mps, 1 AS rank, n.created_at
    FROM phone_numbers n WHERE n.workspace_id = $1 AND n.id = s.id
    UNION ALL
    SELECT n.id, n.waba_id, n.pause_reason, n.throughput_mps, CASE WHEN n.phone_number_id = s.digits THEN 2 ELSE 3 END, n.created_at
    FROM phone_numbers n
    WHERE n.workspace_id = $1 AND s.digits IS NOT NULL
      AND (n.phone_number_id = s.digits OR regexp_replace(n.display_phone_number, '\D', '', 'g') = s.digits)
  ) p
  ORDER BY s.written, p.rank, p.created_at DESC
), used AS MATERIALIZED (
  SELECT given.key, k.request_hash, k.response
  FROM unnest($12::text[]) AS given (key)
  CROSS JOIN LATERAL (
    SELECT k.request_hash, k.response FROM idempotency_keys k
    WHERE k.workspace_id = $1 AND k.endpoint = $2 AND k.key = given.key
    LIMIT 1
  ) k
), rest AS MATERIALIZED (
  SELECT ($6::text[])[cardinality($6)] AS sender, ($7::text[])[cardinality($7)] AS kind,
         ($11::bool[])[cardinality($11)] AS is_marketing
), asked AS MATERIALIZED (
  SELECT coalesce(i.sender, rest.sender) AS sender, coalesce(i.kind, rest.kind) AS kind, i.recipient, i.template,
         i.language, coalesce(i.is_marketing, rest.is_marketing) AS is_marketing, i.key, i.position
  FROM unnest($6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::bool[], $12::text[])
    WITH ORDINALITY AS i (sender, kind, recipient, template, language, is_marketing, key, position)
  CROSS JOIN rest
)
SELECT now() AS at, sender.id AS number_id, sender.pause_reason, sender.throughput_mps, person.contact_id,
       talk.id AS conversation_id, talk.last_inbound_at, model.category AS template_category,
       model.status AS template_status, model.components AS template_components,
       coalesce(word.state = 'revoked', false) AS opted_out, used.request_hash, used.response
FROM asked a
LEFT JOIN sender ON sender.written = a.sender
LEFT JOIN LATERAL (
  -- What Meta called the person wins over what customers called them: the window hangs on it.
  SELECT coalesce(
    (SELECT i.contact_id FROM contact_identities i
     WHERE a.kind = 'phone'
       AND i.workspace_id = $1 AND i.kind = 'wa_id' AND i.scope = '' AND i.value = a.recipient),
    (SELECT i.contact_id FROM contact_identities i
     WHERE i.workspace_id = $1 AND i.kind = a.kind AND i.scope = '' AND i.value = a.recipient)) AS contact_id
  LIMIT 1
) person ON true
LEFT JOIN LATERAL (
  SELECT c.id, c.last_inbound_at FROM conversations c
  WHERE c.workspace_id = $1 AND c.phone_number_id = sender.id AND c.contact_id = person.contact_id
  LIMIT 1
) talk ON true
LEFT JOIN LATERAL (
  SELECT t.category, t.status, nullif(t.components, '[]') AS components FROM templates t
  WHERE a.template IS NOT NULL
    AND t.workspace_id = $1 AND t.waba_id = sender.waba_id AND t.name = a.template AND t.language = a.language
  LIMIT 1
) model ON true
LEFT JOIN LATERAL (
  SELECT s.state FROM consents s
  WHERE (a.is_marketing OR model.category = 'MARKETING')
    AND s.workspace_id = $1 AND s.contact_id = person.contact_id AND s.kind = 'marketing'
  ORDER BY s.at DESC
  LIMIT 1
) word ON true
LEFT JOIN used ON used.key = a.key
ORDER BY a.position
