-- The portfolios in which messages ($1 workspaces, $2 messages) were the last to reach their person.
SELECT DISTINCT s.portfolio_id
FROM unnest($1::uuid[], $2::uuid[]) AS v (workspace_id, message_id)
JOIN messages m ON m.workspace_id = v.workspace_id AND m.id = v.message_id
JOIN phone_numbers n ON n.workspace_id = m.workspace_id AND n.id = m.phone_number_id
JOIN wabas w ON w.workspace_id = n.workspace_id AND w.id = n.waba_id
JOIN messaging_starts s
  ON s.workspace_id = w.workspace_id AND s.portfolio_id = w.portfolio_id AND s.contact_id = m.contact_id
    AND s.message_id = m.id
