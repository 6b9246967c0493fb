-- $1 numbers, $2 wamids
SELECT w.phone_number_id, w.wamid, w.workspace_id, w.message_id
FROM unnest($1::uuid[], $2::text[]) AS wanted (phone_number_id, wamid)
JOIN wamids w ON w.phone_number_id = wanted.phone_number_id AND w.wamid = wanted.wamid
