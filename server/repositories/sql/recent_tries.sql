-- How many tries of each number ($1) began within $2 seconds, and within $3, that may have been written to Meta: those on
-- the wire and those with a result. Asked under the number's lock, so that no other claim adds to them meanwhile.
SELECT wanted.number_id, tried.*
FROM unnest($1::uuid[]) AS wanted (number_id)
CROSS JOIN LATERAL (
  SELECT count(*) AS lately,
         count(*) FILTER (WHERE began_at > statement_timestamp() - make_interval(secs => $3)) AS just_now
  FROM (
    SELECT o.state_since AS began_at FROM outbox o
    WHERE o.phone_number_id = wanted.number_id AND o.state = 'sending'
      AND o.state_since > statement_timestamp() - make_interval(secs => $2)
    UNION ALL
    SELECT a.started_at FROM message_attempts a
    WHERE a.phone_number_id = wanted.number_id AND a.outcome NOT IN ('not_sent', 'late')
      AND a.started_at > statement_timestamp() - make_interval(secs => $2)
  ) began
) tried
