"""What the gates look at of a message that is claimed, as its row tells it. Called by the dispatch."""

from typing import Any

import msgspec
from asyncpg import Record

from server.domain import gates, template_fit
from server.domain.identity import is_user_id


def gate_facts(row: Record, pause_reason: str | None) -> gates.GateFacts:
    """`row`: of `claim.sql`. `pause_reason`: of its number."""
    return gates.GateFacts(
        free_form=gates.is_free_form(row["type"], category=row["category"], recipient_type=row["recipient_type"]),
        last_inbound_at=row["last_inbound_at"],
        number_pause_reason=pause_reason,
        expires_at=row["expires_at"],
        template_status=row["template_status"],
        category=row["priced_as"],
        opted_out=row["opted_out"],
        names_user_id=row["recipient_type"] == "individual" and is_user_id(row["recipient"]),
        template_misfit=_misfit(row),
    )


def _misfit(row: Record) -> str | None:
    if row["template_components"] is None:
        return None
    content: dict[str, Any] = msgspec.json.decode(row["content"])
    sent = content["template"].get("components") or ()
    return template_fit.misfit(template_fit.texts_as_stored(row["template_components"]), sent)
