-- These media are owed to Meta ($1 workspaces, $2 media, $3 numbers) unless Meta has them: returns its ids, null where it
-- has none that can still be used. Media that do not exist are left out. The rows stay locked, so that an upload which
-- ends meanwhile is told of either before this statement looks, or after what waits for it is committed.
INSERT INTO media_uploads AS u (workspace_id, media_id, phone_number_id)
SELECT m.workspace_id, m.id, v.number_id
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS v (workspace_id, media_id, number_id)
JOIN media m ON m.workspace_id = v.workspace_id AND m.id = v.media_id
ORDER BY 1, 2, 3
ON CONFLICT (workspace_id, media_id, phone_number_id) DO UPDATE
SET meta_media_id = CASE WHEN u.expires_at > now() THEN u.meta_media_id END,
    due_at = CASE WHEN u.meta_media_id IS NOT NULL AND u.expires_at <= now() THEN now() ELSE u.due_at END
RETURNING media_id, phone_number_id, meta_media_id
