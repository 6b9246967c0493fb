-- The first schema. Three roles reach it: treeex_api (one workspace at a time, by row-level security), treeex_worker
-- (explicit policies on what it needs) and treeex_resolver (owns the few functions that run before a workspace is
-- known). None of them owns a table or bypasses row-level security.

CREATE FUNCTION current_workspace() RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT NULLIF(current_setting('treeex.workspace_id', true), '')::uuid $$;

-- The smallest UUIDv7 of an instant: partitions are cut by it.
CREATE FUNCTION uuid_floor(at timestamptz) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT (lpad(to_hex(floor(extract(epoch FROM at) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid $$;

-- ---------------------------------------------------------------- tenants and keys

CREATE TABLE workspaces (
  id          uuid PRIMARY KEY,
  name        text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  data_key    bytea NOT NULL,
  created_at  timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE api_keys (
  workspace_id uuid NOT NULL REFERENCES workspaces (id),
  id           uuid NOT NULL,
  key_id       text NOT NULL UNIQUE,
  name         text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  environment  text NOT NULL CHECK (environment IN ('live', 'test')),
  secret_hmac  bytea NOT NULL,
  scopes       text[] NOT NULL,
  created_at   timestamptz NOT NULL DEFAULT now(),
  expires_at   timestamptz,
  revoked_at   timestamptz,
  PRIMARY KEY (workspace_id, id)
);

-- ---------------------------------------------------------------- Meta's assets

CREATE TABLE apps (
  id                    uuid PRIMARY KEY,
  slug                  text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  meta_app_id           text,
  app_secret            bytea NOT NULL,
  previous_app_secret   bytea,
  previous_secret_until timestamptz,
  verify_token          bytea NOT NULL,
  created_at            timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE portfolios (
  workspace_id uuid NOT NULL REFERENCES workspaces (id),
  id           uuid NOT NULL,
  business_id  text NOT NULL,
  name         text,
  created_at   timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (workspace_id, id),
  UNIQUE (workspace_id, business_id)
);

CREATE TABLE wabas (
  workspace_id uuid NOT NULL REFERENCES workspaces (id),
  id           uuid NOT NULL,
  waba_id      text NOT NULL UNIQUE,
  portfolio_id uuid,
  app_id       uuid REFERENCES apps (id),
  name         text,
  created_at   timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (workspace_id, id),
  FOREIGN KEY (workspace_id, portfolio_id) REFERENCES portfolios (workspace_id, id)
);

CREATE TABLE phone_numbers (
  workspace_id         uuid NOT NULL,
  id                   uuid NOT NULL UNIQUE,
  waba_id              uuid NOT NULL,
  phone_number_id      text NOT NULL UNIQUE,
  display_phone_number text NOT NULL,
  verified_name        text,
  access_token         bytea NOT NULL,
  throughput_mps       integer NOT NULL DEFAULT 80 CHECK (throughput_mps > 0),
  quality_rating       text,
  pause_reason         text,
  created_at           timestamptz NOT NULL DEFAULT now(),
  updated_at           timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (workspace_id, id),
  FOREIGN KEY (workspace_id, waba_id) REFERENCES wabas (workspace_id, id)
);

CREATE TABLE templates (
  workspace_id    uuid NOT NULL,
  id              uuid NOT NULL,
  waba_id         uuid NOT NULL,
  name            text NOT NULL,
  language        text NOT NULL,
  category        text NOT NULL,
  status          text NOT NULL,
  meta_id         text,
  components      jsonb NOT NULL DEFAULT '[]',
  quality_score   text,
  rejected_reason text,
  updated_at      timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (workspace_id, id),
  UNIQUE (workspace_id, waba_id, name, language),
  FOREIGN KEY (workspace_id, waba_id) REFERENCES wabas (workspace_id, id)
);

-- ---------------------------------------------------------------- people

CREATE TABLE contacts (
  workspace_id uuid NOT NULL,
  id           uuid NOT NULL,
  name         text,
  created_at   timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (workspace_id, id)
);

CREATE TABLE contact_identities (
  workspace_id  uuid NOT NULL,
  kind          text NOT NULL CHECK (kind IN ('phone', 'wa_id', 'bsuid', 'parent_bsuid')),
  scope         text NOT NULL DEFAULT '',
  value         text NOT NULL,
  contact_id    uuid NOT NULL,
  source        text NOT NULL,
  first_seen_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (workspace_id, kind, scope, value)
);
CREATE INDEX contact_identities_contact ON contact_identities (workspace_id, contact_id);

-- last_inbound_at is Meta's timestamp; the service window is computed from it.
CREATE TABLE conversations (
  workspace_id    uuid NOT NULL,
  id              uuid NOT NULL,
  phone_number_id uuid NOT NULL,
  contact_id      uuid NOT NULL,
  last_inbound_at timestamptz,
  last_message_at timestamptz NOT NULL,
  created_at      timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (workspace_id, id),
  UNIQUE (workspace_id, phone_number_id, contact_id)
) WITH (fillfactor = 80);
CREATE INDEX conversations_recent ON conversations (workspace_id, last_message_at DESC, id DESC);

-- ---------------------------------------------------------------- messages

-- Facts only: content, one timestamp a state, the final outcome. Dispatch state lives in outbox. No index on a status
-- timestamp, so that a status is a heap-only update.
CREATE TABLE messages (
  workspace_id     uuid NOT NULL,
  id               uuid NOT NULL,
  direction        text NOT NULL CHECK (direction IN ('inbound', 'outbound')),
  phone_number_id  uuid NOT NULL,
  contact_id       uuid NOT NULL,
  conversation_id  uuid NOT NULL,
  type             text NOT NULL,
  content          jsonb NOT NULL,
  wamid            text,
  recipient        text,
  client_reference text,
  api_key_id       uuid,
  lane             smallint,
  on_ambiguous     text CHECK (on_ambiguous IN ('retry', 'hold')),
  created_at       timestamptz NOT NULL DEFAULT now(),
  received_at      timestamptz,
  accepted_at      timestamptz,
  paced_at         timestamptz,
  sent_at          timestamptz,
  delivered_at     timestamptz,
  read_at          timestamptz,
  played_at        timestamptz,
  failed_at        timestamptz,
  undelivered_at   timestamptz,
  expired_at       timestamptz,
  cancelled_at     timestamptz,
  error            jsonb,
  pricing          jsonb,
  PRIMARY KEY (workspace_id, id)
) PARTITION BY RANGE (id);
CREATE INDEX messages_conversation ON messages (workspace_id, conversation_id, id);
CREATE INDEX messages_reference ON messages (workspace_id, client_reference, id) WHERE client_reference IS NOT NULL;

-- The dedupe key of everything that Meta names: one row a (number, wamid).
CREATE TABLE wamids (
  phone_number_id uuid NOT NULL,
  wamid           text NOT NULL,
  workspace_id    uuid NOT NULL,
  message_id      uuid NOT NULL,
  PRIMARY KEY (phone_number_id, wamid)
);

CREATE TABLE message_attempts (
  workspace_id  uuid NOT NULL,
  message_id    uuid NOT NULL,
  attempt       integer NOT NULL,
  phone_number_id uuid NOT NULL,
  started_at    timestamptz NOT NULL,
  latency_ms    integer,
  outcome       text NOT NULL,
  http_status   smallint,
  error_code    integer,
  error_subcode integer,
  error_title   text,
  error_details text,
  fbtrace_id    text,
  wamid         text,
  worker_id     uuid,
  PRIMARY KEY (workspace_id, message_id, attempt)
) PARTITION BY RANGE (message_id);
-- What a number's later tries came to: the evidence for a retry, and the end of a breaker.
CREATE INDEX message_attempts_number ON message_attempts (phone_number_id, started_at);

-- All dispatch state. A message is unsettled if and only if it has a row here.
CREATE TABLE outbox (
  workspace_id    uuid NOT NULL,
  message_id      uuid NOT NULL,
  phone_number_id uuid NOT NULL,
  contact_id      uuid NOT NULL,
  lane            smallint NOT NULL,
  due_at          timestamptz NOT NULL DEFAULT now(),
  state           text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'sending', 'unknown', 'held')),
  state_since     timestamptz NOT NULL DEFAULT now(),
  attempt         integer NOT NULL DEFAULT 0,
  wait_reason     text,
  worker_id       uuid,
  PRIMARY KEY (workspace_id, message_id)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX outbox_due ON outbox (phone_number_id, lane, due_at, message_id) WHERE state = 'queued';
CREATE INDEX outbox_pair ON outbox (phone_number_id, contact_id, lane, message_id) WHERE state IN ('queued', 'sending');
CREATE INDEX outbox_sending ON outbox (state_since) WHERE state = 'sending';
CREATE INDEX outbox_unknown ON outbox (phone_number_id, state_since) WHERE state = 'unknown';

CREATE TABLE idempotency_keys (
  workspace_id uuid NOT NULL,
  endpoint     text NOT NULL,
  key          text NOT NULL,
  request_hash bytea NOT NULL,
  status       smallint NOT NULL,
  response     jsonb NOT NULL,
  created_at   timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (workspace_id, endpoint, key)
);

-- ---------------------------------------------------------------- webhooks

-- Raw bytes, insert-only, of no workspace: a body can hold several.
CREATE TABLE webhook_inbox (
  id          uuid PRIMARY KEY,
  app_id      uuid NOT NULL,
  received_at timestamptz NOT NULL DEFAULT now(),
  body        bytea NOT NULL
) PARTITION BY RANGE (id);

CREATE TABLE webhook_jobs (
  inbox_id     uuid PRIMARY KEY,
  attempts     smallint NOT NULL DEFAULT 0,
  available_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX webhook_jobs_available ON webhook_jobs (available_at);

-- What was kept and not applied, and why. change_index -1 is the whole body.
CREATE TABLE webhook_failures (
  inbox_id             uuid NOT NULL,
  change_index         integer NOT NULL,
  kind                 text NOT NULL CHECK (kind IN ('dead', 'unrecognised', 'parked')),
  meta_phone_number_id text,
  error                text NOT NULL,
  created_at           timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (inbox_id, change_index)
);
CREATE INDEX webhook_failures_parked ON webhook_failures (meta_phone_number_id) WHERE kind = 'parked';

CREATE TABLE orphan_statuses (
  workspace_id    uuid NOT NULL,
  phone_number_id uuid NOT NULL,
  wamid           text NOT NULL,
  status          text NOT NULL,
  recipient       text NOT NULL DEFAULT '',
  error_code      integer NOT NULL DEFAULT 0,
  at              timestamptz NOT NULL,
  data            jsonb NOT NULL,
  received_at     timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (phone_number_id, wamid, status, recipient, error_code)
);
CREATE INDEX orphan_statuses_received ON orphan_statuses (received_at);

-- ---------------------------------------------------------------- the tenant's feed

-- Read in the order (xid, id), below the oldest running transaction, so that nothing that commits late is skipped.
CREATE TABLE events (
  workspace_id uuid NOT NULL,
  id           uuid NOT NULL,
  xid          xid8 NOT NULL DEFAULT pg_current_xact_id(),
  type         text NOT NULL,
  subject_id   uuid NOT NULL,
  data         jsonb NOT NULL,
  created_at   timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (workspace_id, id)
) PARTITION BY RANGE (id);
CREATE INDEX events_feed ON events (workspace_id, xid, id);
CREATE INDEX events_subject ON events (workspace_id, subject_id, id);

-- ---------------------------------------------------------------- the machine room

CREATE TABLE worker_heartbeats (
  worker_id  uuid PRIMARY KEY,
  role       text NOT NULL,
  host       text NOT NULL,
  pid        integer NOT NULL,
  started_at timestamptz NOT NULL,
  beat_at    timestamptz NOT NULL,
  state      text NOT NULL
);

-- One partition an ISO week, from last week to `ahead` weeks from now, and a default one that a wrong clock falls into.
CREATE FUNCTION ensure_partitions(ahead integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
DECLARE
  parent  text;
  week    timestamptz;
  part    text;
  options text;
  made    integer := 0;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('treeex.ensure_partitions'));
  FOR parent IN
    SELECT c.relname FROM pg_partitioned_table p JOIN pg_class c ON c.oid = p.partrelid
    WHERE c.relnamespace = 'public'::regnamespace ORDER BY c.relname
  LOOP
    options := CASE parent WHEN 'messages' THEN ' WITH (fillfactor = 75)' ELSE '' END;
    FOR week IN
      SELECT generate_series(date_trunc('week', now(), 'UTC') - interval '1 week',
                             date_trunc('week', now(), 'UTC') + ahead * interval '1 week', interval '1 week')
    LOOP
      part := format('%s_%s', parent, to_char(week AT TIME ZONE 'UTC', 'IYYY"w"IW'));
      CONTINUE WHEN to_regclass('public.' || quote_ident(part)) IS NOT NULL;
      EXECUTE format('CREATE TABLE public.%I PARTITION OF public.%I FOR VALUES FROM (%L) TO (%L)%s',
                     part, parent, public.uuid_floor(week), public.uuid_floor(week + interval '1 week'), options);
      EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', part);
      made := made + 1;
    END LOOP;
    part := parent || '_default';
    CONTINUE WHEN to_regclass('public.' || quote_ident(part)) IS NOT NULL;
    EXECUTE format('CREATE TABLE public.%I PARTITION OF public.%I DEFAULT%s', part, parent, options);
    EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', part);
    made := made + 1;
  END LOOP;
  RETURN made;
END $$;

SELECT ensure_partitions(4);

-- ---------------------------------------------------------------- who may do what

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO treeex_api, treeex_worker, treeex_resolver;
GRANT EXECUTE ON FUNCTION current_workspace() TO treeex_api, treeex_worker, treeex_resolver;
GRANT EXECUTE ON FUNCTION uuid_floor(timestamptz) TO treeex_api, treeex_worker;
GRANT EXECUTE ON FUNCTION ensure_partitions(integer) TO treeex_worker;

-- Row-level security on every table that has a workspace, checked by a test against the catalogue.
DO $$
DECLARE
  tenant text;
  col    text;
BEGIN
  FOR tenant, col IN
    SELECT c.relname, CASE c.relname WHEN 'workspaces' THEN 'id' ELSE 'workspace_id' END
    FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
      AND (c.relname = 'workspaces' OR EXISTS (
        SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'workspace_id'))
  LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', tenant);
    EXECUTE format('CREATE POLICY workspace ON %I TO treeex_api USING (%I = current_workspace()) '
                   'WITH CHECK (%I = current_workspace())', tenant, col, col);
    EXECUTE format('CREATE POLICY worker ON %I TO treeex_worker USING (true) WITH CHECK (true)', tenant);
  END LOOP;
END $$;

-- webhook_inbox has no workspace, but is partitioned and its partitions are closed like the others'.
ALTER TABLE webhook_inbox ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY everyone ON webhook_inbox TO treeex_api, treeex_worker USING (true) WITH CHECK (true);

GRANT SELECT, INSERT, UPDATE ON workspaces, api_keys, portfolios, wabas, phone_numbers, templates, contacts,
  contact_identities, conversations, messages, apps TO treeex_api, treeex_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON outbox, idempotency_keys TO treeex_api, treeex_worker;
GRANT SELECT, INSERT ON events TO treeex_api, treeex_worker;
GRANT SELECT ON wamids, message_attempts, orphan_statuses, webhook_failures, worker_heartbeats TO treeex_api;
GRANT SELECT, INSERT ON webhook_inbox, webhook_jobs TO treeex_api;
GRANT SELECT, INSERT, UPDATE, DELETE ON webhook_jobs, webhook_failures, orphan_statuses, wamids, worker_heartbeats
  TO treeex_worker;
GRANT SELECT ON webhook_inbox TO treeex_worker;
GRANT SELECT, INSERT, UPDATE ON message_attempts TO treeex_worker;

-- ---------------------------------------------------------------- what precedes any workspace

CREATE FUNCTION find_api_key(wanted text)
RETURNS TABLE (workspace_id uuid, id uuid, environment text, secret_hmac bytea, scopes text[], expires_at timestamptz, revoked_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
AS $$ SELECT k.workspace_id, k.id, k.environment, k.secret_hmac, k.scopes, k.expires_at, k.revoked_at
      FROM public.api_keys k WHERE k.key_id = wanted $$;
REVOKE ALL ON FUNCTION find_api_key(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION find_api_key(text) TO treeex_api;
GRANT SELECT ON api_keys TO treeex_resolver;
CREATE POLICY resolver ON api_keys FOR SELECT TO treeex_resolver USING (true);
GRANT CREATE ON SCHEMA public TO treeex_resolver;
ALTER FUNCTION find_api_key(text) OWNER TO treeex_resolver;
REVOKE CREATE ON SCHEMA public FROM treeex_resolver;
