"""The merger: two contacts that turned out to be one person become one. Called by the webhook service.

It moves names, conversations, messages, what waits to be sent, and consents to the older contact, in a transaction of
its own, so that no webhook waits for it. Nothing is lost: the younger contact stays as a signpost. People who were
counted for a messaging limit stay counted under both until they leave it, which errs on the safe side.
"""

from typing import TYPE_CHECKING

from server.repositories import contact_merges as rows
from server.repositories import events as feed
from server.repositories.events import NewEvent

if TYPE_CHECKING:
    from server.core.db import Connection

PASSES = 2
SETTLES_S = 120.0
"""Longer than any transaction may take: whoever began one with the old contact has ended it by the last pass."""


async def step(connection: "Connection") -> int:
    """Makes one pass over the merge that waits longest. Returns how many it made: 0 or 1. Raises PostgresError."""
    merge = await rows.next_due(connection) if await rows.take_turn(connection) else None
    if merge is None:
        return 0
    workspace_id, asked = merge["workspace_id"], [merge["contact_id"], merge["into_id"]]
    roots = await rows.roots(connection, workspace_id, asked)
    kept = min(roots)
    given_up = sorted({*asked, *roots} - {kept})
    merged = await rows.move(connection, workspace_id, given_up, kept)
    data = [{"contact_id": kept, "merged_contact_id": contact} for contact in sorted(merged)]
    await feed.append(connection, [NewEvent(workspace_id, "contact.merged", kept, item) for item in data])
    if merge["passes"] + 1 < PASSES:
        await rows.put_off(connection, merge, delay_s=SETTLES_S)
    else:
        await rows.drop_empty_conversations(connection, workspace_id, given_up)
        await rows.finish(connection, merge)
    return 1
