-- One upload that is owed and due, put off by $1 seconds: if its uploader dies, another takes it then. With what it needs.
WITH owed AS MATERIALIZED (
  SELECT u.workspace_id, u.media_id, u.phone_number_id
  FROM media_uploads u JOIN phone_numbers n ON n.workspace_id = u.workspace_id AND n.id = u.phone_number_id
  WHERE u.meta_media_id IS NULL AND u.due_at <= now() AND n.pause_reason IS NULL
  ORDER BY u.due_at
  LIMIT 1
  FOR UPDATE OF u SKIP LOCKED
), leased AS (
  UPDATE media_uploads u SET due_at = clock_timestamp() + make_interval(secs => $1)
  FROM owed
  WHERE u.workspace_id = owed.workspace_id AND u.media_id = owed.media_id AND u.phone_number_id = owed.phone_number_id
  RETURNING u.workspace_id, u.media_id, u.phone_number_id, u.failures
)
SELECT leased.*, m.mime_type, m.filename, m.size, m.storage_key, n.phone_number_id AS meta_number, t.access_token,
       t.data_key, t.app_id, t.app_secret
FROM leased
JOIN media m ON m.workspace_id = leased.workspace_id AND m.id = leased.media_id
JOIN phone_numbers n ON n.workspace_id = leased.workspace_id AND n.id = leased.phone_number_id
JOIN sealed_tokens t ON t.workspace_id = leased.workspace_id AND t.number_id = leased.phone_number_id
