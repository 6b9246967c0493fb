-- What every accepted message paid for: the wall asked row by row, and three indexes for the news that a person was
-- written to.

-- The workspace is the same throughout a statement, so it is asked for once, not for each row.
DO $$
DECLARE
  tenant text;
  col    text;
BEGIN
  FOR tenant, col IN
    SELECT p.tablename, CASE p.tablename WHEN 'workspaces' THEN 'id' ELSE 'workspace_id' END
    FROM pg_policies p
    WHERE p.schemaname = 'public' AND p.policyname = 'workspace'
  LOOP
    EXECUTE format('ALTER POLICY workspace ON public.%I USING (%I = (SELECT current_workspace())) '
                   'WITH CHECK (%I = (SELECT current_workspace()))', tenant, col, col);
  END LOOP;
END $$;

-- Conversations are listed by their last message. Indexed is its minute: what is said within one changes no index, and to
-- order those of a minute while they are read costs little.
ALTER TABLE conversations ADD COLUMN last_message_minute timestamptz NOT NULL
  GENERATED ALWAYS AS (date_bin('1 minute', last_message_at, '2000-01-01 00:00:00+00')) STORED;
DROP INDEX conversations_recent;
CREATE INDEX conversations_recent ON conversations (workspace_id, last_message_minute DESC);
