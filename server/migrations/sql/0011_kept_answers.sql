-- The answer of a batch is large, is kept for days and is hardly ever read again: to compress it takes as long as to write
-- all of its messages.
ALTER TABLE idempotency_keys ALTER COLUMN response TYPE text USING response::text,
  ALTER COLUMN response SET STORAGE EXTERNAL;
