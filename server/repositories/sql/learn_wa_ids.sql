-- Meta says under which WhatsApp id it knows a recipient: the contact answers to it from now on.
INSERT INTO contact_identities (workspace_id, kind, value, contact_id, source)
SELECT DISTINCT ON (v.workspace_id, v.wa_id) v.workspace_id, 'wa_id', v.wa_id, m.contact_id, 'send'
FROM unnest($1::uuid[], $2::uuid[], $3::text[]) AS v (workspace_id, message_id, wa_id)
JOIN messages m ON m.workspace_id = v.workspace_id AND m.id = v.message_id
ORDER BY v.workspace_id, v.wa_id, v.message_id
ON CONFLICT DO NOTHING
