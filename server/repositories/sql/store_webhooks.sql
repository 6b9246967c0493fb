-- Bodies and their jobs, in one statement and so in one commit.
-- $1 ids, $2 apps, $3 bodies
WITH stored AS (
  INSERT INTO webhook_inbox (id, app_id, body) SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bytea[])
)
INSERT INTO webhook_jobs (inbox_id) SELECT unnest($1::uuid[])
