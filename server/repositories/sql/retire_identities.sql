-- Names that these contacts do not answer to any more, locked in the order of their keys. What is told late is still found
-- by them. $1-$4 as in add_identities, $5 since when
WITH wanted AS MATERIALIZED (
  SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::timestamptz[])
    AS t (workspace_id, kind, value, contact_id, since)
), kept AS (
  INSERT INTO former_identities (workspace_id, kind, value, until, contact_id)
  SELECT workspace_id, kind, value, since, contact_id FROM wanted
  ORDER BY workspace_id, kind COLLATE "C", value COLLATE "C", since
  ON CONFLICT DO NOTHING
), gone AS MATERIALIZED (
  SELECT c.workspace_id, c.kind, c.scope, c.value
  FROM wanted
  JOIN contact_identities c ON c.workspace_id = wanted.workspace_id AND c.kind = wanted.kind AND c.scope = ''
    AND c.value = wanted.value AND c.contact_id = wanted.contact_id
  ORDER BY c.workspace_id, c.kind COLLATE "C", c.value COLLATE "C"
  FOR UPDATE OF c
)
DELETE FROM contact_identities c USING gone
WHERE (c.workspace_id, c.kind, c.scope, c.value) = (gone.workspace_id, gone.kind, gone.scope, gone.value)
