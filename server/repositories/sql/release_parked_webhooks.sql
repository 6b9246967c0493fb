-- Makes jobs again of the bodies that waited for a number which is connected now. Their notes go when they are applied.
-- $1 one of Meta's phone number ids, or NULL for every connected number; $2 how many bodies at most
INSERT INTO webhook_jobs (inbox_id)
SELECT DISTINCT f.inbox_id
FROM webhook_failures f JOIN phone_numbers n ON n.phone_number_id = f.meta_phone_number_id
WHERE f.kind = 'parked' AND ($1::text IS NULL OR f.meta_phone_number_id = $1)
ORDER BY f.inbox_id -- or rivals deadlock
LIMIT $2
ON CONFLICT (inbox_id) DO NOTHING
RETURNING inbox_id
