-- Ends jobs. First statement of the transaction that applies them: a job that is gone was applied by another worker.
-- What was noted about the bodies before is noted anew by that transaction, or no longer true.
-- The statements that follow look everything up by its key, whatever is given to them, so they are planned once and not
-- for each batch: planning takes as long as applying dozens of events.
-- $1 ids
WITH planned AS MATERIALIZED (
  SELECT set_config('plan_cache_mode', 'force_generic_plan', true)
), held AS MATERIALIZED (
  SELECT j.ctid AS place, j.inbox_id FROM webhook_jobs j, planned
  WHERE j.inbox_id = ANY ($1::uuid[]) ORDER BY j.inbox_id FOR UPDATE OF j
), cleared AS (
  DELETE FROM webhook_failures f USING held WHERE f.inbox_id = held.inbox_id
)
DELETE FROM webhook_jobs WHERE ctid = ANY (ARRAY (SELECT place FROM held))
RETURNING inbox_id
