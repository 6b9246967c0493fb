-- Conversations learn what was said. Those that are missing are made first, in the order of (number, contact), and only
-- then those that learn something are locked, in the order of their ids: accepting messages does the same. Meta's time
-- decides, whatever the order of arrival. What only grows need not be locked to know that nothing is new in it; such a
-- conversation is only kept from being dropped, so that nobody waits who hears the same person at the same time.
-- What a rival has just made is not returned; the next statement sees it.
-- $1 workspaces, $2 ids if they are new, $3 numbers, $4 contacts, $5 last words of the person (or NULL), $6 last messages
-- (or NULL), $7 ends of free entry points (or NULL)
WITH word AS MATERIALIZED (
  SELECT w.*, c.id AS known,
         (greatest(c.last_inbound_at, w.person_at), greatest(c.last_message_at, w.at),
          greatest(c.free_entry_until, w.free_entry_until))
         IS DISTINCT FROM (c.last_inbound_at, c.last_message_at, c.free_entry_until) AS is_news
  FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::timestamptz[], $6::timestamptz[],
              $7::timestamptz[])
       AS w (workspace_id, new_id, phone_number_id, contact_id, person_at, at, free_entry_until)
  LEFT JOIN conversations c ON c.workspace_id = w.workspace_id AND c.phone_number_id = w.phone_number_id
                           AND c.contact_id = w.contact_id
), opened AS (
  INSERT INTO conversations (workspace_id, id, phone_number_id, contact_id, last_inbound_at, last_message_at,
                             free_entry_until)
  SELECT workspace_id, new_id, phone_number_id, contact_id, person_at, coalesce(at, now()), free_entry_until FROM word
  WHERE known IS NULL
  ORDER BY workspace_id, phone_number_id, contact_id
  ON CONFLICT (workspace_id, phone_number_id, contact_id) DO NOTHING
  RETURNING workspace_id, phone_number_id, contact_id, id
), held AS MATERIALIZED (
  SELECT c.workspace_id, c.id, word.person_at, word.at, word.free_entry_until
  FROM word JOIN conversations c ON c.workspace_id = word.workspace_id AND c.id = word.known
  WHERE word.is_news AND (SELECT count(*) FROM opened) >= 0
  ORDER BY c.id
  FOR NO KEY UPDATE OF c
), touched AS (
  UPDATE conversations c
  SET last_inbound_at = greatest(c.last_inbound_at, held.person_at),
      last_message_at = greatest(c.last_message_at, held.at),
      free_entry_until = greatest(c.free_entry_until, held.free_entry_until)
  FROM held WHERE c.workspace_id = held.workspace_id AND c.id = held.id
  RETURNING c.workspace_id, c.phone_number_id, c.contact_id, c.id
), kept AS MATERIALIZED (
  SELECT c.workspace_id, c.phone_number_id, c.contact_id, c.id
  FROM word JOIN conversations c ON c.workspace_id = word.workspace_id AND c.id = word.known
  WHERE NOT word.is_news AND (SELECT count(*) FROM opened) >= 0
  ORDER BY c.id
  FOR KEY SHARE OF c
)
SELECT * FROM opened UNION ALL SELECT * FROM touched UNION ALL SELECT * FROM kept
