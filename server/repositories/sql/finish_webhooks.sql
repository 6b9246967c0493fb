-- Ends jobs. First statement of the transaction that applies them: a job that is gone was applied by another worker.
-- What was noted about the bodies before is noted anew by that transaction, or no longer true.
-- $1 ids
WITH held AS MATERIALIZED (
  SELECT ctid AS place, inbox_id FROM webhook_jobs WHERE inbox_id = ANY ($1::uuid[]) ORDER BY inbox_id FOR UPDATE
), cleared AS (
  DELETE FROM webhook_failures f USING held WHERE f.inbox_id = held.inbox_id
)
DELETE FROM webhook_jobs j USING held WHERE j.ctid = held.place
RETURNING j.inbox_id
