-- What minutes $3 of portfolio $2 in workspace $1 hold: $4 people, $5 promised places.
INSERT INTO messaging_minutes AS s (workspace_id, portfolio_id, minute, people, promised)
SELECT $1, $2, * FROM unnest($3::timestamptz[], $4::int[], $5::int[])
ON CONFLICT (workspace_id, portfolio_id, minute) DO UPDATE SET people = excluded.people, promised = excluded.promised
