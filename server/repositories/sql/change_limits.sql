-- What Meta said last of how many people portfolios may reach, locked in the order of their ids. $1 workspaces,
-- $2 portfolios, $3 kinds (all `limit`), $4 values: people, or null for no limit
WITH held AS MATERIALIZED (
  SELECT t.workspace_id, t.id, t.value
  FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::jsonb[]) AS t (workspace_id, id, kind, value)
  JOIN portfolios p USING (workspace_id, id)
  ORDER BY p.id
  FOR NO KEY UPDATE OF p
)
UPDATE portfolios p SET messaging_limit = (held.value #>> '{}')::integer
FROM held WHERE p.workspace_id = held.workspace_id AND p.id = held.id
