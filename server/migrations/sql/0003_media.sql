-- Files for sending, and what Meta calls them.

-- The bytes are in the object store under storage_key, once for each digest of a workspace.
CREATE TABLE media (
  workspace_id uuid NOT NULL REFERENCES workspaces (id),
  id           uuid NOT NULL,
  sha256       bytea NOT NULL,
  mime_type    text NOT NULL,
  size         bigint NOT NULL,
  filename     text,
  storage_key  text NOT NULL,
  created_at   timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (workspace_id, id),
  UNIQUE NULLS NOT DISTINCT (workspace_id, sha256, mime_type, filename)
);

-- A file on a number. Without meta_media_id it is owed: an uploader may take it from due_at on. `failures` of its upload
-- since it was owed.
CREATE TABLE media_uploads (
  workspace_id    uuid NOT NULL,
  media_id        uuid NOT NULL,
  phone_number_id uuid NOT NULL,
  meta_media_id   text,
  uploaded_at     timestamptz,
  expires_at      timestamptz,
  due_at          timestamptz NOT NULL DEFAULT now(),
  failures        integer NOT NULL DEFAULT 0,
  PRIMARY KEY (workspace_id, media_id, phone_number_id),
  FOREIGN KEY (workspace_id, media_id) REFERENCES media (workspace_id, id) ON DELETE CASCADE
);
CREATE INDEX media_uploads_owed ON media_uploads (due_at) WHERE meta_media_id IS NULL;

-- The media that a message sends; null for most.
ALTER TABLE outbox ADD COLUMN media uuid[];
CREATE INDEX outbox_media ON outbox (phone_number_id, message_id) WHERE wait_reason = 'media';

DO $$
DECLARE
  tenant text;
BEGIN
  FOREACH tenant IN ARRAY ARRAY['media', 'media_uploads'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', tenant);
    EXECUTE format('CREATE POLICY workspace ON %I TO treeex_api USING (workspace_id = current_workspace()) '
                   'WITH CHECK (workspace_id = current_workspace())', tenant);
    EXECUTE format('CREATE POLICY worker ON %I TO treeex_worker USING (true) WITH CHECK (true)', tenant);
  END LOOP;
END $$;

GRANT SELECT, INSERT, UPDATE, DELETE ON media TO treeex_api;
GRANT SELECT ON media_uploads TO treeex_api;
GRANT SELECT ON media TO treeex_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON media_uploads TO treeex_worker;
