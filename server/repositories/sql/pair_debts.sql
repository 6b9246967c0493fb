-- How many tries of each pair ($1 numbers, $2 contacts) began within $3 seconds and may have been written to Meta. Looked
-- at are its newest hundred messages.
SELECT pair.number_id, pair.contact_id, tried.owed
FROM unnest($1::uuid[], $2::uuid[]) AS pair (number_id, contact_id)
JOIN phone_numbers n ON n.id = pair.number_id
JOIN conversations c
  ON c.workspace_id = n.workspace_id AND c.phone_number_id = n.id AND c.contact_id = pair.contact_id
CROSS JOIN LATERAL (
  SELECT count(*) AS owed
  FROM (
    SELECT m.workspace_id, m.id FROM messages m
    WHERE m.workspace_id = c.workspace_id AND m.conversation_id = c.id AND m.direction = 'outbound'
    ORDER BY m.id DESC
    LIMIT 100
  ) newest
  JOIN message_attempts a ON a.workspace_id = newest.workspace_id AND a.message_id = newest.id
  WHERE a.started_at > statement_timestamp() - make_interval(secs => $3) AND a.outcome NOT IN ('not_sent', 'late')
) tried
