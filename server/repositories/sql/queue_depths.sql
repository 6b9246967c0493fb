-- What waits in workspace $1, by number, lane and state: how many, the oldest, and the next that is due. Numbers without
-- anything are shown once, with a lane of null.
SELECT n.id AS number_id, n.display_phone_number, n.throughput_mps, n.pause_reason,
       waiting.lane, waiting.state, coalesce(waiting.messages, 0) AS messages, waiting.oldest_at, waiting.next_due_at
FROM phone_numbers n
LEFT JOIN LATERAL (
  SELECT o.lane, o.state, count(*) AS messages, min(o.state_since) AS oldest_at, min(o.due_at) AS next_due_at
  FROM outbox o
  WHERE o.workspace_id = n.workspace_id AND o.phone_number_id = n.id
  GROUP BY o.lane, o.state
) waiting ON true
WHERE n.workspace_id = $1
ORDER BY n.display_phone_number, n.id, waiting.lane, waiting.state
