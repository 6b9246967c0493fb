-- $1 workspaces, $2 ids, $3 names
INSERT INTO contacts (workspace_id, id, name) SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[])
