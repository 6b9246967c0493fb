-- Makes a contact for each name ($3 kinds, $4 values, $2 the contact's id if it is new) that names nobody yet, in the order
-- of the names. Returns those made; the others were made by someone else and are committed by now.
WITH identity AS (
  INSERT INTO contact_identities (workspace_id, kind, scope, value, contact_id, source)
  SELECT $1, wanted.kind, '', wanted.value, wanted.contact_id, 'api'
  FROM unnest($2::uuid[], $3::text[], $4::text[]) AS wanted (contact_id, kind, value)
  ORDER BY wanted.kind, wanted.value
  ON CONFLICT DO NOTHING
  RETURNING kind, value, contact_id
), contact AS (
  INSERT INTO contacts (workspace_id, id) SELECT $1, contact_id FROM identity
)
SELECT kind, value, contact_id FROM identity
