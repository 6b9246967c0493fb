-- What sending every kind of message needs: groups as the other side of a conversation, messages that wait for their
-- time, and messages that have an end.

ALTER TABLE contact_identities DROP CONSTRAINT contact_identities_kind_check,
  ADD CONSTRAINT contact_identities_kind_check CHECK (kind IN ('phone', 'wa_id', 'bsuid', 'parent_bsuid', 'group'));

ALTER TABLE messages ADD COLUMN send_at timestamptz, ADD COLUMN expires_at timestamptz;

-- `scheduled` waits for due_at and holds nobody else of its pair back; the Scheduler makes it `queued`.
ALTER TABLE outbox ADD COLUMN expires_at timestamptz,
  DROP CONSTRAINT outbox_state_check,
  ADD CONSTRAINT outbox_state_check CHECK (state IN ('scheduled', 'queued', 'sending', 'unknown', 'held'));
CREATE INDEX outbox_scheduled ON outbox (due_at) WHERE state = 'scheduled';
CREATE INDEX outbox_expiring ON outbox (expires_at)
  WHERE expires_at IS NOT NULL AND state IN ('scheduled', 'queued');
