-- $1 numbers, $2 wamids. LIMIT makes it a look-up for each, whatever size of the table the planner remembers.
SELECT wanted.phone_number_id, wanted.wamid, w.workspace_id, w.message_id
FROM unnest($1::uuid[], $2::text[]) AS wanted (phone_number_id, wamid)
JOIN LATERAL (
  SELECT workspace_id, message_id FROM wamids
  WHERE phone_number_id = wanted.phone_number_id AND wamid = wanted.wamid
  LIMIT 1
) w ON true
