"""What must hold for stored messages at every instant. Tests call it with the owner's connection."""

import asyncpg

_BROKEN = {
    "an outbound message without an outbox row has no fact that settles it": """
        SELECT m.id FROM messages m
        WHERE m.direction = 'outbound'
          AND NOT EXISTS (SELECT FROM outbox o WHERE o.workspace_id = m.workspace_id AND o.message_id = m.id)
          AND num_nonnulls(m.accepted_at, m.paced_at, m.sent_at, m.delivered_at, m.read_at, m.played_at, m.failed_at,
                           m.undelivered_at, m.expired_at, m.cancelled_at) = 0""",
    "an outbox row belongs to no message, or to another number or person than its message": """
        SELECT o.message_id FROM outbox o
        LEFT JOIN messages m ON m.workspace_id = o.workspace_id AND m.id = o.message_id
        WHERE m.id IS NULL OR (m.phone_number_id, m.contact_id) <> (o.phone_number_id, o.contact_id)
           OR m.direction <> 'outbound'""",
    "a message stands in a conversation of another number or person": """
        SELECT m.id FROM messages m
        LEFT JOIN conversations c ON c.workspace_id = m.workspace_id AND c.id = m.conversation_id
        WHERE c.id IS NULL OR (m.phone_number_id, m.contact_id) <> (c.phone_number_id, c.contact_id)""",
    "an identity has no contact": """
        SELECT i.contact_id FROM contact_identities i
        LEFT JOIN contacts c ON c.workspace_id = i.workspace_id AND c.id = i.contact_id
        WHERE c.id IS NULL""",
    "an idempotency row names a message that is not stored": """
        SELECT k.key FROM idempotency_keys k CROSS JOIN LATERAL jsonb_array_elements(k.response::jsonb) AS result
        LEFT JOIN messages m ON m.workspace_id = k.workspace_id AND m.id = (result ->> 'id')::uuid
        WHERE result ? 'id' AND m.id IS NULL""",
}


async def broken(admin: asyncpg.Connection) -> dict[str, list[str]]:
    """Each invariant that does not hold, and for which rows. Empty when all is well."""
    found = {}
    async with admin.transaction(isolation="repeatable_read", readonly=True):
        for sentence, query in _BROKEN.items():
            rows = await admin.fetch(query)
            if rows:
                found[sentence] = [str(row[0]) for row in rows]
    return found
