-- Statuses whose message is not known (yet). $1 numbers, $2 wamids, $3 statuses, $4 recipients, $5 error codes,
-- $6 workspaces, $7 times, $8 what else the status said; no key twice, sorted by key
INSERT INTO orphan_statuses (phone_number_id, wamid, status, recipient, error_code, workspace_id, at, data)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::integer[], $6::uuid[], $7::timestamptz[],
                     $8::jsonb[])
ON CONFLICT (phone_number_id, wamid, status, recipient, error_code) DO UPDATE
SET at = excluded.at, data = excluded.data
WHERE orphan_statuses.at > excluded.at
