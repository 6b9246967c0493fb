-- A file that is due, put off by $1 seconds: if its fetcher dies, another takes it then. With what fetching it needs. Of a
-- number by chance, other than $2, its longest waiting one, so that no number's files stand before all others.
WITH RECURSIVE numbers (id) AS (
  (SELECT phone_number_id FROM inbound_media WHERE state = 'due' ORDER BY phone_number_id LIMIT 1)
  UNION ALL
  SELECT (SELECT i.phone_number_id FROM inbound_media i
          WHERE i.state = 'due' AND i.phone_number_id > numbers.id ORDER BY i.phone_number_id LIMIT 1)
  FROM numbers WHERE numbers.id IS NOT NULL
), first AS MATERIALIZED (
  SELECT longest.* FROM (
    SELECT id FROM numbers WHERE id IS NOT NULL AND id <> ALL ($2::uuid[]) ORDER BY random()
  ) chosen
  CROSS JOIN LATERAL (
    SELECT i.workspace_id, i.message_id FROM inbound_media i
    WHERE i.state = 'due' AND i.phone_number_id = chosen.id AND i.next_at <= now()
    ORDER BY i.next_at
    LIMIT 1
    FOR UPDATE SKIP LOCKED
  ) longest
  LIMIT 1
), leased AS (
  UPDATE inbound_media i
  SET attempts = i.attempts + 1, next_at = clock_timestamp() + make_interval(secs => $1)
  FROM first
  WHERE i.workspace_id = first.workspace_id AND i.message_id = first.message_id
  RETURNING i.*
)
SELECT leased.workspace_id, leased.message_id, leased.phone_number_id, leased.meta_media_id, leased.mime_type,
       leased.sha256, leased.filename, leased.attempts, leased.doubts,
       extract(epoch FROM now() - leased.created_at)::float8 AS age_s,
       n.phone_number_id AS meta_number, t.access_token, t.data_key, t.app_id, t.app_secret
FROM leased
JOIN phone_numbers n ON n.workspace_id = leased.workspace_id AND n.id = leased.phone_number_id
JOIN sealed_tokens t ON t.workspace_id = leased.workspace_id AND t.number_id = leased.phone_number_id
