-- The numbers that share Meta's limits of calls with numbers $1: those of the same account, and those of the same app. Of an
-- account whose app is not known it is taken to be the one of its workspace's other such accounts.
SELECT n.id, sibling.id AS sibling_id, sibling.waba_id = n.waba_id AS same_account
FROM phone_numbers n
JOIN wabas w ON w.workspace_id = n.workspace_id AND w.id = n.waba_id
JOIN wabas other ON CASE
  WHEN w.app_id IS NULL THEN other.app_id IS NULL AND other.workspace_id = w.workspace_id
  ELSE other.app_id = w.app_id
END
JOIN phone_numbers sibling ON sibling.workspace_id = other.workspace_id AND sibling.waba_id = other.id
WHERE n.id = ANY ($1::uuid[])
