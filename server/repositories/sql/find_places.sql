-- The connected accounts among $2, and those of the numbers among $1, with all their numbers: both by Meta's ids.
-- $3 numbers by our ids.
SELECT a.workspace_id, a.id, a.waba_id, a.portfolio_id, n.id AS number_id, n.phone_number_id,
       regexp_replace(n.display_phone_number, '\D', '', 'g') AS digits
FROM wabas a
LEFT JOIN phone_numbers n ON n.workspace_id = a.workspace_id AND n.waba_id = a.id
WHERE a.id IN (
  SELECT w.id FROM wabas w WHERE w.waba_id = ANY ($2::text[])
  UNION ALL
  SELECT p.waba_id FROM phone_numbers p WHERE p.phone_number_id = ANY ($1::text[]) OR p.id = ANY ($3::uuid[])
)
