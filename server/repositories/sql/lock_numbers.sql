-- The numbers of a claim that no other claim holds, with what their sends need. The lock ends with the transaction and
-- makes claims of one number take turns, so that two messages of a pair are never on the wire together. For the breaker:
-- how many results have been ambiguous since the last accepted one.
WITH wanted AS MATERIALIZED (
  SELECT n.id, n.workspace_id, n.phone_number_id, n.throughput_mps, n.pause_reason,
         n.bulk_paused_until > now() AS bulk_is_paused, a.portfolio_id, t.access_token, t.data_key, t.app_id, t.app_secret
  FROM phone_numbers n
  JOIN sealed_tokens t ON t.workspace_id = n.workspace_id AND t.number_id = n.id
  JOIN wabas a ON a.workspace_id = n.workspace_id AND a.id = n.waba_id
  WHERE n.id = ANY ($1::uuid[])
), in_order AS MATERIALIZED (
  -- For the statements that follow in this transaction: each reads an index in its order and stops at its limit. By the
  -- statistics of a queue, which are always old, a bitmap with a sort seems as good; it reads all that waits for a number.
  -- Nor are lookups remembered: each message has keys of its own.
  SELECT set_config('enable_bitmapscan', 'off', true), set_config('enable_sort', 'off', true),
         set_config('enable_seqscan', 'off', true), set_config('enable_memoize', 'off', true)
), locked AS MATERIALIZED (
  SELECT * FROM wanted WHERE pg_try_advisory_xact_lock(hashtextextended(id::text, 0))
)
SELECT locked.*, doubt.ambiguous
FROM locked
CROSS JOIN in_order
CROSS JOIN LATERAL (
  SELECT count(*) AS ambiguous
  FROM outbox u
  WHERE u.phone_number_id = locked.id AND u.state = 'unknown'
    AND NOT EXISTS (
      SELECT FROM message_attempts a
      WHERE a.phone_number_id = locked.id AND a.started_at > u.state_since AND a.outcome = 'accepted')
) doubt
