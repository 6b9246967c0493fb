-- How long ago each try of the pairs ($1 numbers, $2 contacts) began that may have been written to Meta, within $3 seconds.
-- Looked at are a pair's newest hundred messages. What is on the wire is not here: its pair is not claimed.
SELECT pair.number_id, pair.contact_id,
       extract(epoch FROM statement_timestamp() - a.started_at)::float8 AS ago_s
FROM unnest($1::uuid[], $2::uuid[]) AS pair (number_id, contact_id)
JOIN phone_numbers n ON n.id = pair.number_id
JOIN conversations c
  ON c.workspace_id = n.workspace_id AND c.phone_number_id = n.id AND c.contact_id = pair.contact_id
CROSS JOIN LATERAL (
  SELECT m.workspace_id, m.id, m.accepted_at FROM messages m
  WHERE m.workspace_id = c.workspace_id AND m.conversation_id = c.id AND m.direction = 'outbound'
  ORDER BY m.id DESC
  LIMIT 100
) newest
JOIN message_attempts a ON a.workspace_id = newest.workspace_id AND a.message_id = newest.id
-- An accepted message has no later try.
WHERE (newest.accepted_at IS NULL OR newest.accepted_at > statement_timestamp() - make_interval(secs => $3))
  AND a.started_at > statement_timestamp() - make_interval(secs => $3) AND a.outcome NOT IN ('not_sent', 'late')
