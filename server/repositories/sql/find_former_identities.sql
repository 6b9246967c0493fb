-- Who went by these names at these times, by their places. $1 workspaces, $2 kinds, $3 values, $4 times, $5 places
SELECT wanted.place, former.contact_id
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::int[]) AS wanted (workspace_id, kind, value, at, place)
JOIN LATERAL (
  SELECT f.contact_id FROM former_identities f
  WHERE f.workspace_id = wanted.workspace_id AND f.kind = wanted.kind AND f.value = wanted.value AND f.until >= wanted.at
  ORDER BY f.until
  LIMIT 1
) former ON true
