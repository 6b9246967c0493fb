-- What people were called before, and until when: what is told late of that time is still about them.

CREATE TABLE former_identities (
  workspace_id uuid NOT NULL,
  kind         text NOT NULL,
  value        text NOT NULL,
  until        timestamptz NOT NULL,
  contact_id   uuid NOT NULL,
  PRIMARY KEY (workspace_id, kind, value, until)
);
CREATE INDEX former_identities_contact ON former_identities (workspace_id, contact_id);
ALTER TABLE former_identities ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY workspace ON former_identities TO treeex_api USING (workspace_id = current_workspace())
  WITH CHECK (workspace_id = current_workspace());
CREATE POLICY worker ON former_identities TO treeex_worker USING (true) WITH CHECK (true);
GRANT SELECT ON former_identities TO treeex_api;
GRANT SELECT, INSERT, UPDATE ON former_identities TO treeex_worker;
