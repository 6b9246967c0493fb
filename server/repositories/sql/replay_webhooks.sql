-- Makes jobs again; a body that has one keeps it. Returns the bodies that exist. $1 ids
WITH kept AS MATERIALIZED (
  SELECT id FROM webhook_inbox WHERE id = ANY ($1::uuid[]) ORDER BY id
), again AS (
  INSERT INTO webhook_jobs (inbox_id) SELECT id FROM kept ON CONFLICT (inbox_id) DO NOTHING
)
SELECT id AS inbox_id FROM kept
