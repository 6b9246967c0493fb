-- Meta's words about assets: the last one of each side stays, and of two at one time the greater, so that the order of
-- arrival does not matter. Returns those that stay. $1 workspaces, $2 subjects, $3 kinds, $4 values, $5 times
INSERT INTO asset_facts AS known (workspace_id, subject_id, kind, value, at)
SELECT DISTINCT ON (told.workspace_id, told.subject_id, told.kind COLLATE "C") told.*
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::jsonb[], $5::timestamptz[])
     AS told (workspace_id, subject_id, kind, value, at)
ORDER BY told.workspace_id, told.subject_id, told.kind COLLATE "C", told.at DESC, told.value::text COLLATE "C" DESC
ON CONFLICT (workspace_id, subject_id, kind) DO UPDATE SET value = excluded.value, at = excluded.at
WHERE (known.at, known.value::text COLLATE "C") < (excluded.at, excluded.value::text COLLATE "C")
RETURNING workspace_id, subject_id, kind, value, at
