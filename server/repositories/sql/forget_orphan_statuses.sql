-- Those that came more than $1 seconds ago go. What somebody else has locked is left to the next time.
WITH old AS MATERIALIZED (
  SELECT phone_number_id, wamid, status, recipient, error_code FROM orphan_statuses
  WHERE received_at < now() - make_interval(secs => $1)
  FOR UPDATE SKIP LOCKED
)
DELETE FROM orphan_statuses o USING old
WHERE (o.phone_number_id, o.wamid, o.status, o.recipient, o.error_code)
    = (old.phone_number_id, old.wamid, old.status, old.recipient, old.error_code)
