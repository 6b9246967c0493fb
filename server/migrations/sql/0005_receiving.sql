-- What receiving everything that Meta tells needs.

-- The dedupe key of what has no wamid: a hash of what was told, and by which entry. Of no workspace, like the inbox.
CREATE TABLE applied_changes (
  key        bytea PRIMARY KEY,
  applied_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX applied_changes_age ON applied_changes (applied_at);
GRANT SELECT, INSERT, DELETE ON applied_changes TO treeex_worker;

-- What waits for an account to be connected is told by the account's id.
ALTER TABLE webhook_failures ADD COLUMN meta_waba_id text;
CREATE INDEX webhook_failures_parked_account ON webhook_failures (meta_waba_id) WHERE kind = 'parked';

-- Messages that did not pass through us: written in the business's own app, or before it was connected. NULL: all others.
ALTER TABLE messages ADD COLUMN source text CHECK (source IN ('app', 'history'));

-- Until when messages are free for a person who came through an advertisement.
ALTER TABLE conversations ADD COLUMN free_entry_until timestamptz;

-- A contact that turned out to be another one stays as a signpost.
ALTER TABLE contacts ADD COLUMN merged_into uuid;

-- Pairs of contacts that are one person, to be merged apart from the webhook that told it. `passes` made so far: the last
-- one comes when nobody can still write for the contact that was given up.
CREATE TABLE contact_merges (
  workspace_id uuid NOT NULL,
  contact_id   uuid NOT NULL,
  into_id      uuid NOT NULL,
  passes       smallint NOT NULL DEFAULT 0,
  due_at       timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (workspace_id, contact_id, into_id)
);
CREATE INDEX contact_merges_due ON contact_merges (due_at);

-- Every word of a person on what they may be sent, in the order of time; the last one counts. Nothing here is changed.
CREATE TABLE consents (
  workspace_id    uuid NOT NULL,
  id              uuid NOT NULL,
  contact_id      uuid NOT NULL,
  kind            text NOT NULL CHECK (kind IN ('marketing')),
  state           text NOT NULL CHECK (state IN ('granted', 'revoked')),
  source          text NOT NULL,
  phone_number_id uuid,
  at              timestamptz NOT NULL,
  created_at      timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (workspace_id, id)
);
CREATE INDEX consents_contact ON consents (workspace_id, contact_id, kind, at);

-- What Meta said last of each side of a template, a number or an account, and when: what is told late moves nothing back.
CREATE TABLE asset_facts (
  workspace_id uuid NOT NULL,
  subject_id   uuid NOT NULL,
  kind         text NOT NULL,
  value        jsonb NOT NULL,
  at           timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, subject_id, kind)
);

-- Files that people sent, to be fetched from Meta: of each message one. `sha256` is Meta's own word, in base64.
CREATE TABLE inbound_media (
  workspace_id    uuid NOT NULL,
  message_id      uuid NOT NULL,
  phone_number_id uuid NOT NULL,
  meta_media_id   text NOT NULL,
  mime_type       text,
  sha256          text,
  filename        text,
  size            bigint,
  state           text NOT NULL DEFAULT 'due' CHECK (state IN ('due', 'stored', 'dead')),
  attempts        integer NOT NULL DEFAULT 0,
  next_at         timestamptz NOT NULL DEFAULT now(),
  media_id        uuid,
  error           text,
  created_at      timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (workspace_id, message_id)
);
CREATE INDEX inbound_media_due ON inbound_media (next_at) WHERE state = 'due';

DO $$
DECLARE
  tenant text;
BEGIN
  FOREACH tenant IN ARRAY ARRAY['contact_merges', 'consents', 'asset_facts', 'inbound_media'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', tenant);
    EXECUTE format('CREATE POLICY workspace ON %I TO treeex_api USING (workspace_id = current_workspace()) '
                   'WITH CHECK (workspace_id = current_workspace())', tenant);
    EXECUTE format('CREATE POLICY worker ON %I TO treeex_worker USING (true) WITH CHECK (true)', tenant);
  END LOOP;
END $$;

GRANT SELECT ON consents, contact_merges, asset_facts, inbound_media TO treeex_api;
GRANT INSERT ON consents TO treeex_api;
GRANT SELECT, INSERT ON consents TO treeex_worker;
-- Of a merge the contact is told anew; what was said stays as it is.
GRANT UPDATE (contact_id) ON consents TO treeex_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON contact_merges, asset_facts, inbound_media TO treeex_worker;
GRANT DELETE ON contact_identities, conversations TO treeex_worker;
