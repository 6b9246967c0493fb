-- The portfolios among $1 that have a messaging limit, locked in the order of their ids until the commit.
SELECT p.workspace_id, p.id, p.messaging_limit
FROM portfolios p
WHERE p.id = ANY ($1::uuid[]) AND p.messaging_limit IS NOT NULL
ORDER BY p.id
FOR NO KEY UPDATE
