-- What Meta calls these media ($1 workspaces, $2 media, $3 numbers), where it has them and for long enough.
SELECT u.media_id, u.phone_number_id, u.meta_media_id
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS v (workspace_id, media_id, number_id)
JOIN media_uploads u ON u.workspace_id = v.workspace_id AND u.media_id = v.media_id AND u.phone_number_id = v.number_id
WHERE u.expires_at > now() AND u.meta_media_id IS NOT NULL
