-- Of messages whose try had no effect: what is known of their other tries, and how often Meta has refused their pair. Only
-- those that are not settled. $1 workspaces, $2 messages, $3 Meta's codes of throttles, or NULL
SELECT v.place, m.type, coalesce(m.on_ambiguous, 'hold') AS on_ambiguous, tried.ambiguous, tried.unreachable,
       refused.refusals
FROM unnest($1::uuid[], $2::uuid[], $3::int[]) WITH ORDINALITY AS v (workspace_id, message_id, code, place)
JOIN outbox o ON o.workspace_id = v.workspace_id AND o.message_id = v.message_id
JOIN messages m ON m.workspace_id = v.workspace_id AND m.id = v.message_id
CROSS JOIN LATERAL (
  SELECT count(*) FILTER (WHERE a.outcome = 'ambiguous') AS ambiguous,
         count(*) FILTER (WHERE a.outcome = 'not_sent') AS unreachable
  FROM message_attempts a
  WHERE a.workspace_id = v.workspace_id AND a.message_id = v.message_id
) tried
CROSS JOIN LATERAL (
  -- An accepted message has no row in the outbox any more, and its pair begins anew.
  SELECT count(*) AS refusals
  FROM outbox p
  JOIN message_attempts a ON a.workspace_id = p.workspace_id AND a.message_id = p.message_id
  WHERE p.phone_number_id = o.phone_number_id AND p.contact_id = o.contact_id AND p.state IN ('queued', 'sending')
    AND a.outcome = 'throttled' AND a.error_code = v.code
) refused
