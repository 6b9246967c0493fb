-- Which templates messages were. $1 workspaces, $2 messages
SELECT * FROM (
  SELECT m.workspace_id, m.id, m.content #>> '{template,name}' AS name,
         m.content #>> '{template,language,code}' AS language
  FROM unnest($1::uuid[], $2::uuid[]) AS wanted (workspace_id, id)
  JOIN messages m ON m.workspace_id = wanted.workspace_id AND m.id = wanted.id
) t
WHERE name <> '' AND language <> ''
