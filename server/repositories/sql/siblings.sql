-- The numbers that share Meta's limits of calls with numbers $1: those of the same account, and those whose tokens are of the
-- same app. Where the app of a token is not known it is taken to be the one of its workspace's other such tokens.
SELECT n.id, sibling.id AS sibling_id, sibling.waba_id = n.waba_id AS same_account
FROM phone_numbers n
JOIN phone_numbers sibling ON sibling.waba_id = n.waba_id AND sibling.workspace_id = n.workspace_id OR CASE
  WHEN n.token_app_id IS NULL THEN sibling.token_app_id IS NULL AND sibling.workspace_id = n.workspace_id
  ELSE sibling.token_app_id = n.token_app_id
END
WHERE n.id = ANY ($1::uuid[])
