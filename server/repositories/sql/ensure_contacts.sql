-- Makes a contact for each phone number ($3 digits, $2 the contact's id if it is new) that names nobody yet, in the order
-- of the numbers. Returns those made; the others were made by someone else and are committed by now.
WITH identity AS (
  INSERT INTO contact_identities (workspace_id, kind, scope, value, contact_id, source)
  SELECT $1, 'phone', '', wanted.phone, wanted.contact_id, 'api'
  FROM unnest($2::uuid[], $3::text[]) AS wanted (contact_id, phone)
  ORDER BY wanted.phone
  ON CONFLICT DO NOTHING
  RETURNING value AS phone, contact_id
), contact AS (
  INSERT INTO contacts (workspace_id, id) SELECT $1, contact_id FROM identity
)
SELECT phone, contact_id FROM identity
