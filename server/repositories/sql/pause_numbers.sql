UPDATE phone_numbers n SET pause_reason = v.reason, updated_at = now()
FROM unnest($1::uuid[], $2::text[]) AS v (id, reason)
WHERE n.id = v.id AND n.pause_reason IS NULL
RETURNING n.id
