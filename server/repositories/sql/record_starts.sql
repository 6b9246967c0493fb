-- These people are reached in this minute. $1 workspaces, $2 portfolios, $3 contacts, $4 messages, $5 minutes, $6 previous
-- minutes
INSERT INTO messaging_starts AS s (workspace_id, portfolio_id, contact_id, message_id, minute, previous_minute)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::timestamptz[], $6::timestamptz[])
ON CONFLICT (workspace_id, portfolio_id, contact_id) DO UPDATE
SET message_id = excluded.message_id, minute = excluded.minute, previous_minute = excluded.previous_minute
