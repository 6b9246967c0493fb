-- Templates that Meta names are made where they are not known, in the order of their keys. A statement cannot see what a
-- rival has just made, so those are locked by an update that changes nothing. $1 workspaces, $2 accounts, $3 names,
-- $4 languages, $5 ids if new, $6 Meta's ids, $7 categories and $8 statuses if new
INSERT INTO templates AS known (workspace_id, id, waba_id, name, language, category, status, meta_id)
SELECT t.workspace_id, t.id, t.waba_id, t.name, t.language, t.category, t.status, t.meta_id
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::uuid[], $6::text[], $7::text[], $8::text[])
     AS t (workspace_id, waba_id, name, language, id, meta_id, category, status)
ON CONFLICT (workspace_id, waba_id, name, language) DO UPDATE SET meta_id = coalesce(known.meta_id, excluded.meta_id)
RETURNING workspace_id, waba_id, name, language, id
