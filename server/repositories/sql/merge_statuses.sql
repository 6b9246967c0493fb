-- Every fact becomes the earliest that is known. The rows are locked by lock_messages.
-- $1 workspaces, $2 messages, $3 wamids, $4-$8 sent, delivered, read, played, failed, $9 errors, $10 prices
UPDATE messages m
SET wamid = coalesce(m.wamid, s.wamid),
    sent_at = least(m.sent_at, s.sent_at),
    delivered_at = least(m.delivered_at, s.delivered_at),
    read_at = least(m.read_at, s.read_at),
    played_at = least(m.played_at, s.played_at),
    -- A person's giving up gives way, as lock_messages has told.
    failed_at = least(CASE WHEN m.error ->> 'code' = 'resolved_as_failed' THEN NULL ELSE m.failed_at END, s.failed_at),
    error = coalesce(s.error, CASE WHEN m.error ->> 'code' = 'resolved_as_failed' THEN NULL ELSE m.error END),
    pricing = coalesce(s.pricing, m.pricing)
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::timestamptz[],
            $7::timestamptz[], $8::timestamptz[], $9::jsonb[], $10::jsonb[])
     AS s (workspace_id, id, wamid, sent_at, delivered_at, read_at, played_at, failed_at, error, pricing)
WHERE m.workspace_id = s.workspace_id AND m.id = s.id
