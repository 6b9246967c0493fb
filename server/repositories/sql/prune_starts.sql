-- Forgets minutes before $1, and whom nobody has written to since.
WITH over AS (
  SELECT s.workspace_id, s.portfolio_id, s.contact_id FROM messaging_starts s WHERE s.minute < $1
  FOR UPDATE SKIP LOCKED
), gone AS (
  DELETE FROM messaging_starts s USING over
  WHERE s.workspace_id = over.workspace_id AND s.portfolio_id = over.portfolio_id AND s.contact_id = over.contact_id
)
DELETE FROM messaging_minutes t WHERE t.minute < $1
