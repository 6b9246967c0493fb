-- Which app a number's access token belongs to: calls with it carry a proof of that app's secret.

ALTER TABLE phone_numbers ADD COLUMN token_app_id text;  -- Meta's id of the app; NULL where it is none of ours
ALTER TABLE wabas DROP COLUMN app_id;  -- was never known
CREATE UNIQUE INDEX apps_meta_app_id ON apps (meta_app_id);

-- What opening a number's token needs, and the secret for its proof.
CREATE VIEW sealed_tokens WITH (security_invoker = true) AS
SELECT n.workspace_id, n.id AS number_id, n.access_token, w.data_key, p.id AS app_id, p.app_secret
FROM phone_numbers n
JOIN workspaces w ON w.id = n.workspace_id
LEFT JOIN apps p ON p.meta_app_id = n.token_app_id;
GRANT SELECT ON sealed_tokens TO treeex_api, treeex_worker;
