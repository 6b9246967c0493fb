-- Claimed jobs are due again after $3 seconds, and $4 of their attempts do not count; only while the lease $2 is theirs.
WITH held AS MATERIALIZED (
  SELECT j.inbox_id
  FROM unnest($1::uuid[], $2::timestamptz[]) AS lease (inbox_id, until)
  JOIN webhook_jobs j ON j.inbox_id = lease.inbox_id AND j.available_at = lease.until
  ORDER BY j.inbox_id -- or rivals deadlock
  FOR UPDATE OF j
)
UPDATE webhook_jobs j
SET available_at = now() + make_interval(secs => $3::float8), attempts = j.attempts - $4::smallint
FROM held WHERE j.inbox_id = held.inbox_id
