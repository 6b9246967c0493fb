-- Meta's limits beyond rates: the bulk lane of a number that rests, the messaging limit of a portfolio, and by when a message
-- that Meta took must have been delivered.

ALTER TABLE phone_numbers ADD COLUMN bulk_paused_until timestamptz, ADD COLUMN bulk_pause_reason text;

-- A portfolio without a business_id stands for an account of which Meta has not said whose it is. Different people that it
-- may write to outside a window within 24 hours; NULL: no limit, or none that is known.
ALTER TABLE portfolios ALTER COLUMN business_id DROP NOT NULL,
  ADD COLUMN messaging_limit integer CHECK (messaging_limit > 0);

-- Whom a portfolio has written to outside a window, each person once: in which minute last, before that, and by which message.
CREATE TABLE messaging_starts (
  workspace_id    uuid NOT NULL,
  portfolio_id    uuid NOT NULL,
  contact_id      uuid NOT NULL,
  minute          timestamptz NOT NULL,
  previous_minute timestamptz,
  message_id      uuid NOT NULL,
  PRIMARY KEY (workspace_id, portfolio_id, contact_id)
) WITH (fillfactor = 80);

-- The same, counted: how many people a minute holds, and how many waiting messages were promised their places. Written only
-- together with messaging_starts, under the lock of the portfolio.
CREATE TABLE messaging_minutes (
  workspace_id uuid NOT NULL,
  portfolio_id uuid NOT NULL,
  minute       timestamptz NOT NULL,
  people       integer NOT NULL CHECK (people >= 0),
  promised     integer NOT NULL DEFAULT 0,
  PRIMARY KEY (workspace_id, portfolio_id, minute)
) WITH (fillfactor = 50);

-- Meta gives up delivering a message after its time to live, and says nothing. NULL: its category's.
ALTER TABLE templates ADD COLUMN message_send_ttl_s integer;

-- Messages whose time to live is not the usual one of 30 days, for which partitions are looked through.
CREATE TABLE delivery_deadlines (
  workspace_id uuid NOT NULL,
  message_id   uuid NOT NULL,
  due_at       timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, message_id)
);
CREATE INDEX delivery_deadlines_due ON delivery_deadlines (due_at);

DO $$
DECLARE
  tenant text;
BEGIN
  FOREACH tenant IN ARRAY ARRAY['messaging_starts', 'messaging_minutes', 'delivery_deadlines'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', tenant);
    EXECUTE format('CREATE POLICY workspace ON %I TO treeex_api USING (workspace_id = current_workspace()) '
                   'WITH CHECK (workspace_id = current_workspace())', tenant);
    EXECUTE format('CREATE POLICY worker ON %I TO treeex_worker USING (true) WITH CHECK (true)', tenant);
  END LOOP;
END $$;

GRANT SELECT ON messaging_starts, messaging_minutes, delivery_deadlines TO treeex_api;
GRANT SELECT, INSERT, UPDATE, DELETE ON messaging_starts, messaging_minutes, delivery_deadlines TO treeex_worker;
