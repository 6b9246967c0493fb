-- How long ago each pair ($1 numbers, $2 contacts) was last tried, if that was within $3 seconds and may have been written
-- to Meta. What is on the wire is not here: its pair is not claimed.
SELECT a.phone_number_id AS number_id, m.contact_id,
       extract(epoch FROM statement_timestamp() - max(a.started_at))::float8 AS ago_s
FROM message_attempts a
JOIN messages m ON m.workspace_id = a.workspace_id AND m.id = a.message_id
WHERE a.phone_number_id = ANY ($1::uuid[]) AND a.outcome NOT IN ('not_sent', 'late')
  AND a.started_at > statement_timestamp() - make_interval(secs => $3)
  AND m.contact_id = ANY ($2::uuid[])
GROUP BY a.phone_number_id, m.contact_id
