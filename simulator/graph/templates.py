"""Message templates as the Graph API shows them: the list of an account and one by its id (Meta: message templates).

Called by the router. Making and changing them through Graph is not simulated; the control API does it.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator

from simulator.graph import errors
from simulator.graph.calls import Call, Json
from simulator.graph.fields import NodeType, select
from simulator.state import Template

PAGE = 25
LARGEST_PAGE = 1000
_LIMIT_OF_ACCOUNT = 6000  # of a verified business (Meta: message templates)

_TYPE = NodeType(
    "WhatsAppMessageTemplate",
    default=("name", "parameter_format", "components", "language", "status", "category", "id"),
    empty=frozenset(
        (
            "correct_category",
            "cta_url_link_tracking_opted_out",
            "degrees_of_freedom_spec",
            "last_updated_time",
            "library_template_name",
            "message_send_ttl_seconds",
            "previous_category",
            "sub_category",
        )
    ),
)


def show(call: Call) -> Json:
    return select(_node(call.require_template(), call.at), _TYPE, call.query.get("fields"))


def list_of_account(call: Call) -> Json:
    chosen = list(_filtered(call))
    start, limit = _start(call, len(chosen)), _limit(call)
    page = chosen[start : start + limit]
    about: Json = {"summary": _summary(call, len(chosen))} if call.query.get("summary") else {}
    if not page:
        return {"data": [], **about}
    paging: Json = {"cursors": {"before": _cursor(start), "after": _cursor(start + len(page))}}
    if start + len(page) < len(chosen):
        paging["next"] = call.url_with(after=_cursor(start + len(page)))
    if start:
        paging["previous"] = call.url_with(before=_cursor(start))
    data = [select(_node(template, call.at), _TYPE, call.query.get("fields")) for template in page]
    return {"data": data, "paging": paging, **about}


def _summary(call: Call, count: int) -> Json:
    """What is asked for of it: the templates that were found, and those of the account (Meta: template list)."""
    waba = call.require_waba()
    everything: Json = {
        "total_count": count,
        "message_template_count": sum(one.waba_id == waba.id for one in call.world.store.templates.values()),
        "message_template_limit": _LIMIT_OF_ACCOUNT,
        "are_translations_complete": False,
    }
    wanted = call.query["summary"].split(",")
    return {name: value for name, value in everything.items() if name in wanted}


def _filtered(call: Call) -> Iterator[Template]:
    waba = call.require_waba()
    wanted = {name: call.query[name] for name in ("name", "language") if name in call.query}
    upper = {name: call.query[name].upper() for name in ("status", "category", "quality_score") if name in call.query}
    for template in call.world.store.templates.values():
        shown = {"status": template.status, "category": template.category, "quality_score": template.quality}
        if (
            template.waba_id == waba.id
            and all(getattr(template, name) == value for name, value in wanted.items())
            and all(shown[name] == value for name, value in upper.items())
        ):
            yield template


def _start(call: Call, count: int) -> int:
    """Where the page begins; `before` names the entry that it ends in front of."""
    if "before" in call.query and "after" not in call.query:
        return max(_place(call.query["before"]) - _limit(call), 0)
    return min(_place(call.query["after"]), count) if "after" in call.query else 0


def _limit(call: Call) -> int:
    text = call.query.get("limit", str(PAGE))
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= LARGEST_PAGE):
        raise errors.parameter_wrong(f"Param limit must be an integer between 1 and {LARGEST_PAGE}.")
    return int(text)


def _cursor(place: int) -> str:
    return base64.urlsafe_b64encode(str(place).encode("ascii")).decode("ascii")


def _place(cursor: str) -> int:
    try:
        place = base64.urlsafe_b64decode(cursor.encode("ascii")).decode("ascii")
    except ValueError:
        place = ""
    if not (place.isascii() and place.isdigit()):
        raise errors.parameter_wrong("Invalid cursors values")
    return int(place[:9])


def _node(template: Template, at: float) -> Json:
    ttl = template.message_send_ttl_seconds
    return {
        **({} if ttl is None else {"message_send_ttl_seconds": ttl}),
        "id": template.id,
        "name": template.name,
        "language": template.language,
        "category": template.category,
        "status": template.status,
        "parameter_format": template.parameter_format,
        "components": template.components,
        "quality_score": {"score": template.quality, "date": int(at)},
        "rejected_reason": "NONE",
    }
