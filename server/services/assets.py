"""Applies what Meta decides about templates, numbers, accounts and portfolios. Called by the effects.

Whatever the order in which Meta's words arrive, the last one of each side of an asset counts. A word that stops sending
stops it here; one that lets it go on again resumes only what Meta had stopped.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from msgspec import Struct

from server.core.clock import now
from server.core.ids import new_id
from server.repositories import assets as rows
from server.repositories import events as feed
from server.repositories.assets import Fact, TemplateKey, TemplateRow
from server.repositories.phone_numbers import BulkPause, Pause
from server.schemas.events import AccountChanged, NumberChanged, TemplateChanged, Told
from server.services import pauses
from server.services.routing import Target
from server.services.statuses import Failed
from server.whatsapp.errors import TEMPLATE_STATUS, Down, DownReason, LimitScope, Throttled
from server.whatsapp.graph import GraphError

if TYPE_CHECKING:
    from server.core.db import Connection

FRESH = timedelta(hours=1)
"""What failed longer ago than this says nothing about whether the number may send now."""
_INTEGRITY, _REGISTRATION = f"{DownReason.INTEGRITY}: ", f"{DownReason.REGISTRATION}: "
_STOPS = {
    "DISABLE": _INTEGRITY,
    "ACCOUNT_DELETED": _REGISTRATION,
    "ACCOUNT_OFFBOARDED": _REGISTRATION,
    "PARTNER_REMOVED": _REGISTRATION,
    "PARTNER_APP_UNINSTALLED": _REGISTRATION,
}
_RESUMES = {"REINSTATE": _INTEGRITY, "ACCOUNT_RECONNECTED": _REGISTRATION, "PARTNER_ADDED": _REGISTRATION}
"""What Meta's words do to the numbers of an account: the reasons under which they stop, or stop no more."""
_NO_CAMPAIGNS = "RESTRICTED_BIZ_INITIATED_MESSAGING"
_UNTIL_TOLD = timedelta(days=30)
"""For a restriction that has no end."""
_UNKNOWN_CATEGORY, _IN_USE = "UNKNOWN", "APPROVED"
"""Of a template that is not known here. Meta tells anything but its status only of one that is in use."""


class Routed(Struct, frozen=True):
    """What Meta told, about whom, and when: in its own time, or where it gives none when it came."""

    target: Target
    told: Told
    at: datetime


async def learn_limits(connection: "Connection", routed: Iterable[Routed]) -> None:
    """How many people portfolios may reach. Locks them: after outbox rows, before messages. Raises PostgresError."""
    facts = [
        Fact(item.target.workspace_id, portfolio, "limit", limit.people, item.at)
        for item in routed
        if isinstance(item.told, NumberChanged | AccountChanged)
        and (limit := item.told.limit) is not None
        and (portfolio := item.target.account.portfolio_id) is not None
    ]
    await rows.change_limits(connection, await rows.learn(connection, facts))


async def apply(
    connection: "Connection", routed: Sequence[Routed], failed: Sequence[tuple[Target, Failed]]
) -> dict[TemplateKey, UUID]:
    """Everything but limits; also what failures say. Returns our ids of the templates. Raises asyncpg.PostgresError."""
    templates = await rows.ensure_templates(connection, _templates(routed, failed))
    facts = await rows.learn(connection, [*_facts(routed, templates), *_of_failures(failed, templates)])
    changed = set(templates.values())
    await rows.change_templates(connection, [fact for fact in facts if fact.subject_id in changed])
    await rows.change_numbers(connection, [fact for fact in facts if fact.kind in ("throughput", "quality", "name")])
    await _stop_and_resume(connection, facts, routed)
    await _heed(connection, failed)
    return templates


def template_key(target: Target, told: TemplateChanged) -> TemplateKey:
    return target.workspace_id, target.account.id, told.name, told.language


def _templates(routed: Iterable[Routed], failed: Iterable[tuple[Target, Failed]]) -> list[TemplateRow]:
    found: dict[TemplateKey, TemplateRow] = {}
    for item in routed:
        if isinstance(item.told, TemplateChanged):
            key = template_key(item.target, item.told)
            found.setdefault(
                key, TemplateRow(key, new_id(), item.told.meta_id, item.told.category or _UNKNOWN_CATEGORY, _IN_USE)
            )
    for target, failure in failed:
        if failure.code in TEMPLATE_STATUS and failure.template is not None:
            key = target.workspace_id, target.account.id, *failure.template
            found.setdefault(key, TemplateRow(key, new_id(), None, _UNKNOWN_CATEGORY, _IN_USE))
    return list(found.values())


def _facts(routed: Iterable[Routed], templates: dict[TemplateKey, UUID]) -> Iterator[Fact]:
    for item in routed:
        match item.told:
            case TemplateChanged():
                yield from _of_template(item, item.told, templates[template_key(item.target, item.told)])
            case NumberChanged() if item.target.number_id is not None:
                yield from _of_number(item, item.told, item.target.number_id)
            case AccountChanged():
                yield from _of_account(item, item.told)
            case _:
                pass


def _of_template(item: Routed, told: TemplateChanged, template_id: UUID) -> Iterator[Fact]:
    workspace_id = item.target.workspace_id
    if told.fact == "status":
        status = {"status": told.value, "reason": told.reason}
        yield Fact(workspace_id, template_id, "status", status, item.at)
        if told.category is not None:
            yield Fact(workspace_id, template_id, "category", told.category, item.at)
    elif told.value is not None:
        yield Fact(workspace_id, template_id, told.fact, told.value, item.at)


def _of_number(item: Routed, told: NumberChanged, number_id: UUID) -> Iterator[Fact]:
    workspace_id = item.target.workspace_id
    if told.throughput_mps is not None:
        yield Fact(workspace_id, number_id, "throughput", told.throughput_mps, item.at)
    if told.value in ("FLAGGED", "UNFLAGGED"):
        # What it is after a flag is taken away Meta does not say.
        yield Fact(workspace_id, number_id, "quality", told.quality, item.at)
    if told.verified_name is not None:
        yield Fact(workspace_id, number_id, "name", told.verified_name, item.at)
    yield Fact(workspace_id, number_id, f"number.{told.fact}", told.value, item.at)


def _of_account(item: Routed, told: AccountChanged) -> Iterator[Fact]:
    target = item.target
    if told.fact == "state" and (told.ban_state or told.value) in {**_STOPS, **_RESUMES}:
        yield Fact(target.workspace_id, target.account.id, "account.sending", told.ban_state or told.value, item.at)
    if told.restrictions:
        restrictions = [{"type": one.type, "until": one.until} for one in told.restrictions]
        yield Fact(target.workspace_id, target.account.id, "account.restrictions", restrictions, item.at)
    if told.fact == "review":
        yield Fact(target.workspace_id, target.account.id, "account.review", told.value, item.at)


def _of_failures(failed: Iterable[tuple[Target, Failed]], templates: dict[TemplateKey, UUID]) -> Iterator[Fact]:
    for target, failure in failed:
        status = TEMPLATE_STATUS.get(failure.code)
        if status is not None and failure.template is not None:
            template_id = templates[target.workspace_id, target.account.id, *failure.template]
            value = {"status": status, "reason": None}
            yield Fact(target.workspace_id, template_id, "status", value, failure.at)


async def _stop_and_resume(connection: "Connection", facts: Sequence[Fact], routed: Sequence[Routed]) -> None:
    accounts = {item.target.account.id: item.target.account for item in routed}
    stops: dict[UUID, Pause] = {}
    rests: dict[UUID, BulkPause] = {}
    for fact in facts:
        account = accounts.get(fact.subject_id)
        numbers = [] if account is None else account.numbers
        if fact.kind == "account.sending" and fact.value in _STOPS:
            stops |= dict.fromkeys(numbers, Pause(f"{_STOPS[fact.value]}Meta told {fact.value}"))
        elif fact.kind == "account.sending":
            resumed = await rows.resume(connection, sorted(numbers), _RESUMES[fact.value])
            await feed.append(connection, [pauses.resumed_event(row) for row in resumed])
        elif fact.kind == "account.restrictions":
            rests |= dict.fromkeys(numbers, _rest(fact)) if _rest(fact).rest_s > 0 else {}
    await pauses.pause(connection, stops)
    await pauses.pause_bulk(connection, rests)


def _rest(fact: Fact) -> BulkPause:
    """How long no campaign may go out. Not at all when that is not what is restricted, or over."""
    ends = [
        datetime.fromisoformat(one["until"]) if one["until"] else fact.at + _UNTIL_TOLD
        for one in fact.value
        if one["type"] == _NO_CAMPAIGNS
    ]
    rest_s = max(((end - now()).total_seconds() for end in ends), default=0.0)
    return BulkPause(f"{_INTEGRITY}Meta told {_NO_CAMPAIGNS}", rest_s)


async def _heed(connection: "Connection", failed: Sequence[tuple[Target, Failed]]) -> None:
    """A failure can say that the number or its account cannot send."""
    stops: dict[UUID, Pause] = {}
    rests: dict[UUID, BulkPause] = {}
    for _, failure in failed:
        if failure.at < now() - FRESH:
            continue
        match failure.outcome:
            case Down(reason, error) if failure.code:
                whole_account = reason in (DownReason.INTEGRITY, DownReason.BILLING)
                stops[failure.number_id] = Pause(_in_metas_words(reason, error), whole_account)
            case Throttled(LimitScope.BULK, retry_after_s, error):
                rests[failure.number_id] = BulkPause(_in_metas_words("quality", error), retry_after_s)
            case _:
                pass
    await pauses.pause(connection, stops)
    await pauses.pause_bulk(connection, rests)


def _in_metas_words(reason: str, error: GraphError) -> str:
    return f"{reason}: Meta told {error.code} {error.message}"[:300]
