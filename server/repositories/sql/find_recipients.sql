-- To whom messages went, and which templates they were. $1 workspaces, $2 messages
SELECT m.workspace_id, m.id, m.phone_number_id, m.contact_id, m.content #>> '{template,name}' AS name,
       m.content #>> '{template,language,code}' AS language
FROM unnest($1::uuid[], $2::uuid[]) AS wanted (workspace_id, id)
CROSS JOIN LATERAL (
  SELECT * FROM messages m WHERE m.workspace_id = wanted.workspace_id AND m.id = wanted.id LIMIT 1
) m
