-- Bodies, newest first, with what became of each. $1 before this id or NULL, $2 a state or NULL, $3 how many
SELECT * FROM (
  SELECT i.id, i.received_at, a.slug AS app, octet_length(i.body) AS bytes, j.attempts, f.error,
         CASE WHEN j.inbox_id IS NOT NULL THEN 'pending' ELSE coalesce(f.kind, 'applied') END AS state
  FROM webhook_inbox i
  LEFT JOIN apps a ON a.id = i.app_id
  LEFT JOIN webhook_jobs j ON j.inbox_id = i.id
  LEFT JOIN LATERAL (
    SELECT kind, error FROM webhook_failures
    WHERE inbox_id = i.id
    ORDER BY array_position(ARRAY['dead', 'parked', 'unrecognised'], kind), change_index
    LIMIT 1
  ) f ON true
  WHERE ($1::uuid IS NULL OR i.id < $1)
    -- Most are applied: whoever looks for another state should not wait for all of them to be looked at.
    AND ($2::text IS NULL OR $2 = 'applied' OR i.id IN (
      SELECT inbox_id FROM webhook_jobs UNION ALL SELECT inbox_id FROM webhook_failures
    ))
  ORDER BY i.id DESC
) AS seen
WHERE $2::text IS NULL OR state = $2
LIMIT $3
