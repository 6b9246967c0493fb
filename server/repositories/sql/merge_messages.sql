-- These messages ($2, which are locked) become the contact $3's, in its conversation with the same number. $1 workspace
UPDATE messages m SET contact_id = $3, conversation_id = kept.id
FROM conversations kept
WHERE m.workspace_id = $1 AND m.id = ANY ($2::uuid[])
  AND kept.workspace_id = $1 AND kept.contact_id = $3 AND kept.phone_number_id = m.phone_number_id
