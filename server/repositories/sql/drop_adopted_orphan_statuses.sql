-- Statuses that were applied go, in the order in which keep_orphan_statuses locks them. One that has become earlier
-- meanwhile stays, to be adopted again. $1 numbers, $2 wamids, $3 statuses, $4 recipients, $5 error codes, $6 times
WITH applied AS MATERIALIZED (
  SELECT o.phone_number_id, o.wamid, o.status, o.recipient, o.error_code
  FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::integer[], $6::timestamptz[])
       AS a (phone_number_id, wamid, status, recipient, error_code, at)
  JOIN orphan_statuses o USING (phone_number_id, wamid, status, recipient, error_code)
  WHERE o.at = a.at
  ORDER BY o.phone_number_id, o.wamid COLLATE "C", o.status COLLATE "C", o.recipient COLLATE "C", o.error_code
  FOR UPDATE OF o
)
DELETE FROM orphan_statuses o USING applied a
WHERE (o.phone_number_id, o.wamid, o.status, o.recipient, o.error_code)
    = (a.phone_number_id, a.wamid, a.status, a.recipient, a.error_code)
