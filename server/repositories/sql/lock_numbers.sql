-- The numbers of a claim that no other claim holds, with what their sends need. The lock ends with the transaction and
-- makes claims of one number take turns, so that two messages of a pair are never on the wire together.
WITH wanted AS MATERIALIZED (
  SELECT n.id, n.workspace_id, n.phone_number_id, n.access_token, n.pause_reason, w.data_key
  FROM phone_numbers n
  JOIN workspaces w ON w.id = n.workspace_id
  WHERE n.id = ANY ($1::uuid[])
)
SELECT * FROM wanted WHERE pg_try_advisory_xact_lock(hashtextextended(id::text, 0))
