-- Number $2 of workspace $1 stops for the reason $3 or, without one, sends again, its bulk lane too. Returns it if that
-- changed anything.
UPDATE phone_numbers n
SET pause_reason = $3, updated_at = now(),
    bulk_paused_until = CASE WHEN $3 IS NULL THEN NULL ELSE n.bulk_paused_until END,
    bulk_pause_reason = CASE WHEN $3 IS NULL THEN NULL ELSE n.bulk_pause_reason END
WHERE n.workspace_id = $1 AND n.id = $2
  AND (n.pause_reason IS DISTINCT FROM $3 OR $3 IS NULL AND n.bulk_paused_until IS NOT NULL)
RETURNING n.workspace_id, n.id, n.pause_reason AS reason, NULL::timestamptz AS until
