-- Messages that have been `unknown` for longer than $1 seconds, locked, each with how many of its tries are ambiguous, and
-- whether there is evidence: a try of the same number that began later and was accepted, and a status of its message. None
-- while a webhook waits to be applied that came in before the message's time was up: it may hold the status that settles
-- it, and others may be ahead of it.
SELECT o.workspace_id, o.message_id, m.type, coalesce(m.on_ambiguous, 'hold') AS on_ambiguous, m.client_reference, (
  SELECT count(*) FROM message_attempts a
  WHERE a.workspace_id = o.workspace_id AND a.message_id = o.message_id AND a.outcome = 'ambiguous'
) AS ambiguous, EXISTS (
  SELECT FROM (
    SELECT later.workspace_id, later.message_id
    FROM message_attempts later
    WHERE later.phone_number_id = o.phone_number_id AND later.started_at > mine.started_at AND later.outcome = 'accepted'
    ORDER BY later.started_at LIMIT 1000
  ) tried
  JOIN messages other ON other.workspace_id = tried.workspace_id AND other.id = tried.message_id
  WHERE coalesce(other.sent_at, other.delivered_at, other.read_at, other.failed_at) IS NOT NULL
) AS evidence
FROM outbox o
JOIN messages m ON m.workspace_id = o.workspace_id AND m.id = o.message_id
JOIN message_attempts mine
  ON mine.workspace_id = o.workspace_id AND mine.message_id = o.message_id AND mine.attempt = o.attempt
WHERE o.state = 'unknown' AND o.state_since < clock_timestamp() - make_interval(secs => $1)
  AND NOT EXISTS (
    SELECT FROM webhook_jobs waiting WHERE waiting.inbox_id < uuid_floor(o.state_since + make_interval(secs => $1)))
ORDER BY o.message_id
LIMIT $2
FOR UPDATE OF o SKIP LOCKED
