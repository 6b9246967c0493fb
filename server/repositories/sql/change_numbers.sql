-- What Meta said last of numbers, locked in the order of their ids. $1 workspaces, $2 numbers, $3 kinds, $4 values
WITH told AS (
  SELECT t.workspace_id, t.id,
         max((t.value #>> '{}')::integer) FILTER (WHERE t.kind = 'throughput') AS throughput,
         max(t.value #>> '{}') FILTER (WHERE t.kind = 'quality') AS quality,
         bool_or(t.kind = 'quality') AS has_quality,
         max(t.value #>> '{}') FILTER (WHERE t.kind = 'name') AS name
  FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::jsonb[]) AS t (workspace_id, id, kind, value)
  GROUP BY t.workspace_id, t.id
), held AS MATERIALIZED (
  SELECT told.* FROM told JOIN phone_numbers n USING (workspace_id, id) ORDER BY n.id FOR NO KEY UPDATE OF n
)
UPDATE phone_numbers n
SET throughput_mps = coalesce(held.throughput, n.throughput_mps),
    quality_rating = CASE WHEN held.has_quality THEN held.quality ELSE n.quality_rating END,
    verified_name = coalesce(held.name, n.verified_name),
    updated_at = now()
FROM held WHERE n.workspace_id = held.workspace_id AND n.id = held.id
