-- Makes jobs again of the bodies that waited for a number or an account which is connected now. Their notes go when they
-- are applied. $1 one of Meta's phone number ids, or NULL for everything that is connected; $2 how many bodies at most
INSERT INTO webhook_jobs (inbox_id)
SELECT waited.inbox_id FROM (
  SELECT f.inbox_id
  FROM webhook_failures f JOIN phone_numbers n ON n.phone_number_id = f.meta_phone_number_id
  WHERE f.kind = 'parked' AND ($1::text IS NULL OR f.meta_phone_number_id = $1)
  UNION
  SELECT f.inbox_id
  FROM webhook_failures f JOIN wabas a ON a.waba_id = f.meta_waba_id
  WHERE f.kind = 'parked' AND $1::text IS NULL
) waited
ORDER BY waited.inbox_id -- or rivals deadlock
LIMIT $2
ON CONFLICT (inbox_id) DO NOTHING
RETURNING inbox_id
