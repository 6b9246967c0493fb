-- The dedupe key of what has no wamid: what comes back is new. Sorted, or rivals deadlock. $1 keys
INSERT INTO applied_changes (key)
SELECT wanted.key FROM unnest($1::bytea[]) AS wanted (key) ORDER BY wanted.key
ON CONFLICT (key) DO NOTHING
RETURNING key
