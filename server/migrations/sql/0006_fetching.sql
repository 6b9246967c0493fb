-- Fetching the files that people send.

-- Of its tries so far, those in which Meta answered and did not give the file as it said it was. A few of them are enough.
ALTER TABLE inbound_media ADD COLUMN doubts integer NOT NULL DEFAULT 0;

-- Who deletes a medium leaves the message that it came with.
ALTER TABLE inbound_media ADD FOREIGN KEY (workspace_id, media_id) REFERENCES media (workspace_id, id)
  ON DELETE SET NULL (media_id);
CREATE INDEX inbound_media_medium ON inbound_media (workspace_id, media_id) WHERE media_id IS NOT NULL;

-- By number: whoever takes the next one passes over numbers that have their share.
DROP INDEX inbound_media_due;
CREATE INDEX inbound_media_due ON inbound_media (phone_number_id, next_at) WHERE state = 'due';
CREATE INDEX inbound_media_dead ON inbound_media (created_at) WHERE state = 'dead';

GRANT INSERT ON media TO treeex_worker;
GRANT UPDATE (state, doubts, next_at, error) ON inbound_media TO treeex_api;
