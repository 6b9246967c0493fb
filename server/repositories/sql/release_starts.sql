-- Messages ($1 workspaces, $2 messages) have reached nobody: where they were the last to reach their person, that person is
-- counted as before, or not at all. Under the lock of the portfolios.
WITH mine AS MATERIALIZED (
  SELECT s.workspace_id, s.portfolio_id, s.contact_id, s.minute, s.previous_minute
  FROM unnest($1::uuid[], $2::uuid[]) AS v (workspace_id, message_id)
  JOIN messages m ON m.workspace_id = v.workspace_id AND m.id = v.message_id
  JOIN phone_numbers n ON n.workspace_id = m.workspace_id AND n.id = m.phone_number_id
  JOIN wabas w ON w.workspace_id = n.workspace_id AND w.id = n.waba_id
  JOIN messaging_starts s
    ON s.workspace_id = w.workspace_id AND s.portfolio_id = w.portfolio_id AND s.contact_id = m.contact_id
      AND s.message_id = m.id
), gone AS (
  DELETE FROM messaging_starts s USING mine
  WHERE s.workspace_id = mine.workspace_id AND s.portfolio_id = mine.portfolio_id AND s.contact_id = mine.contact_id
    AND mine.previous_minute IS NULL
), back AS (
  UPDATE messaging_starts s SET minute = mine.previous_minute, previous_minute = NULL
  FROM mine
  WHERE s.workspace_id = mine.workspace_id AND s.portfolio_id = mine.portfolio_id AND s.contact_id = mine.contact_id
    AND mine.previous_minute IS NOT NULL
)
UPDATE messaging_minutes t SET people = t.people + change.people
FROM (
  SELECT workspace_id, portfolio_id, minute, sum(people) AS people
  FROM (
    SELECT workspace_id, portfolio_id, minute, -1 AS people FROM mine
    UNION ALL
    SELECT workspace_id, portfolio_id, previous_minute, 1 FROM mine WHERE previous_minute IS NOT NULL
  ) moved
  GROUP BY workspace_id, portfolio_id, minute
) change
WHERE t.workspace_id = change.workspace_id AND t.portfolio_id = change.portfolio_id AND t.minute = change.minute
