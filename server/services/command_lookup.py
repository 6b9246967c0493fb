"""Looking up what accepting a command must know: number, person, conversation, template, media, and when it may leave.

Called by `services.acceptance`, and by `services.explanations` for one command. It writes nothing.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from server.domain import gates, template_fit
from server.domain.enums import LANE_OF, IdentityKind, Lane
from server.domain.identity import Recipient, phone_digits
from server.domain.media import own_id
from server.repositories import media as media_rows
from server.repositories import messages as rows
from server.repositories.messages import Asked, CommandFacts, SenderName, TemplateName
from server.schemas.outbound import SendCommand
from server.services.submissions import Submission
from server.whatsapp.renderer import media_paths

if TYPE_CHECKING:
    from server.core.db import Connection

_UUID_LENGTH = 36
_USER_IDS = (IdentityKind.BSUID, IdentityKind.PARENT_BSUID)
_NAME_NO_MEDIA = ("text", "location", "contacts", "reaction")


class Media(msgspec.Struct, frozen=True):
    """The media of this platform that a command names, and the places of those that there are not."""

    ids: tuple[UUID, ...] = ()
    unknown: tuple[str, ...] = ()


_NO_MEDIA = Media()


class Item(msgspec.Struct, frozen=True):
    """A command of submission number `of`, with what is known about it.

    `starts_at`: when it may leave at the earliest. `category`: Meta's, of what is sent, where it is known.
    """

    of: int
    submission: Submission
    command: SendCommand
    recipient: Recipient
    facts: CommandFacts
    media: Media
    starts_at: datetime
    category: str | None


async def look_up(
    connection: "Connection", workspace_id: UUID, submissions: Sequence[Submission], *, endpoint: str
) -> list[Item]:
    """Every command of all submissions, in order. One statement, and another where media of this platform are named."""
    given = [
        (of, submission, command, submission.key if place == 0 else None)
        for of, submission in enumerate(submissions)
        for place, command in enumerate(submission.commands)
    ]
    asked = [_asked(command, key) for _, _, command, key in given]
    facts = await rows.resolve(connection, workspace_id, asked, endpoint=endpoint)
    media = await _media(connection, workspace_id, [command for _, _, command, _ in given])
    return [
        Item(
            *(of, submission, command, one.recipient, known, named),
            starts_at=known.at if command.send_at is None else max(command.send_at, known.at),
            category=_category(command, known.template_category),
        )
        for (of, submission, command, _), one, known, named in zip(given, asked, facts, media, strict=True)
    ]


def gate_facts(item: Item) -> gates.GateFacts:
    """What the gates look at."""
    command, facts = item.command, item.facts
    return gates.GateFacts(
        free_form=gates.is_free_form(
            command.type,
            category=_direct_category(command),
            recipient_type=command.recipient_type,
        ),
        last_inbound_at=facts.last_inbound_at,
        number_pause_reason=facts.pause_reason,
        expires_at=command.expires_at,
        template_status=facts.template_status,
        category=item.category,
        opted_out=facts.opted_out,
        names_user_id=item.recipient.kind in _USER_IDS,
        template_misfit=_misfit(command, facts.template_components),
    )


def lane(item: Item) -> Lane:
    """Replies and one-time passwords leave before other sends by API."""
    command = item.command
    if command.priority is not None:
        return LANE_OF[command.priority]
    return Lane.P0 if item.category == gates.AUTHENTICATION or command.reply_to is not None else Lane.P1


def _asked(command: SendCommand, key: str | None) -> Asked:
    if command.type == "template":
        template = TemplateName(command.template.name, command.template.language.code)
        return Asked(_sender(command.sender), command.recipient, template, command.marketing is not None, key)
    return Asked(_sender(command.sender), command.recipient, None, False, key)


@lru_cache(maxsize=1024)
def _sender(written: str) -> SenderName:
    """Our ids have hyphens; Meta's ids and phone numbers are digits."""
    if len(written) == _UUID_LENGTH:
        try:
            return SenderName(written, UUID(written), None)
        except ValueError:
            pass
    digits = phone_digits(written)
    return SenderName(written, None, digits or (written if written.isascii() and written.isdecimal() else None))


async def _media(connection: "Connection", workspace_id: UUID, commands: Sequence[SendCommand]) -> list[Media]:
    """What each command names. One statement, and none where nobody names a medium of ours."""
    named = [_named(command) for command in commands]
    wanted = {media_id for places in named for media_id in places.values()}
    if not wanted:
        return [_NO_MEDIA] * len(named)
    known = await media_rows.known(connection, workspace_id, wanted)
    return [
        Media(
            tuple(dict.fromkeys(places.values())),
            tuple(path for path, media_id in places.items() if media_id not in known),
        )
        if places
        else _NO_MEDIA
        for places in named
    ]


def _named(command: SendCommand) -> dict[str, UUID]:
    """The media of this platform in a command, by their places."""
    if command.type in _NAME_NO_MEDIA:
        return {}
    return {path: ours for path, written in media_paths(command).items() if (ours := own_id(written))}


def _misfit(command: SendCommand, components: str | None) -> str | None:
    if components is None or command.type != "template":
        return None
    sent = [part.model_dump() for part in command.template.components or ()]
    return template_fit.misfit(template_fit.texts_as_stored(components), sent)


def _category(command: SendCommand, of_template: str | None) -> str | None:
    """Meta's category of what is sent, where it is known."""
    if command.type == "template":
        return gates.MARKETING if command.marketing is not None else of_template
    direct = _direct_category(command)
    return of_template if direct is None else direct.upper()


def _direct_category(command: SendCommand) -> str | None:
    """What Meta is to make a template of. By the type's name: to ask for a class of Pydantic's takes longer."""
    return command.category if command.type == "text" or command.type == "interactive" else None
