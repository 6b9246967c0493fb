-- Takes the jobs that the queue named: counts the attempt and leases them. What another worker holds is left to it.
-- $1 ids, $2 lease in seconds, $3 bytes of bodies at most (one is always taken)
-- Of jobs that were tried before only one is taken, to run alone after the others: should it end the worker, it takes
-- none with it. Alone is slow, so its lease is six times as long.
-- A claim that PostgreSQL loses with its machine is as if it had not been made, so its commit waits for no disk.
WITH hasty AS MATERIALIZED (
  SELECT set_config('synchronous_commit', 'off', true)
), locked AS MATERIALIZED (
  SELECT ctid AS place, inbox_id, attempts FROM webhook_jobs
  WHERE inbox_id = ANY ($1::uuid[]) AND available_at <= now()
  ORDER BY inbox_id
  FOR UPDATE SKIP LOCKED
), sized AS (
  SELECT l.place, l.inbox_id, i.received_at, i.body,
         sum(octet_length(i.body)) OVER line - octet_length(i.body) AS before,
         count(*) FILTER (WHERE l.attempts > 0) OVER line AS tried_before
  FROM locked l LEFT JOIN webhook_inbox i ON i.id = l.inbox_id
  WINDOW line AS (ORDER BY l.attempts > 0, l.inbox_id ROWS UNBOUNDED PRECEDING)
)
UPDATE webhook_jobs j
SET attempts = j.attempts + 1,
    available_at = now() + make_interval(secs => $2::float8 * CASE WHEN j.attempts = 0 THEN 1 ELSE 6 END)
FROM sized s, hasty
WHERE j.ctid = s.place AND coalesce(s.before, 0) < $3::bigint AND s.tried_before <= 1
RETURNING j.inbox_id, j.attempts, j.available_at AS leased_until, s.received_at, s.body
