-- What Meta said last of templates, locked in the order of their ids. $1 workspaces, $2 templates, $3 kinds, $4 values
WITH told AS (
  SELECT t.workspace_id, t.id,
         max(t.value ->> 'status') FILTER (WHERE t.kind = 'status') AS status,
         max(t.value ->> 'reason') FILTER (WHERE t.kind = 'status') AS reason,
         max(t.value #>> '{}') FILTER (WHERE t.kind = 'quality') AS quality,
         max(t.value #>> '{}') FILTER (WHERE t.kind = 'category') AS category,
         max(t.value::text) FILTER (WHERE t.kind = 'components') AS components
  FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::jsonb[]) AS t (workspace_id, id, kind, value)
  GROUP BY t.workspace_id, t.id
), held AS MATERIALIZED (
  SELECT told.* FROM told JOIN templates USING (workspace_id, id) ORDER BY templates.id FOR NO KEY UPDATE OF templates
)
UPDATE templates t
SET status = coalesce(held.status, t.status),
    rejected_reason = CASE WHEN held.status IS NULL THEN t.rejected_reason ELSE held.reason END,
    quality_score = coalesce(held.quality, t.quality_score),
    category = coalesce(held.category, t.category),
    components = coalesce(held.components::jsonb, t.components),
    updated_at = now()
FROM held WHERE t.workspace_id = held.workspace_id AND t.id = held.id
