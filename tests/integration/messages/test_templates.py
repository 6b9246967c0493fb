"""Templates at accept: what is known of them decides whether a message is taken."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from server.core.ids import new_id
from server.schemas.outbound import COMMAND, SendCommand
from tests.integration.messages.asking import accept, notice
from tests.integration.seed import Workspace, text


async def _template(workspace: Workspace, name: str, category: str) -> None:
    await workspace.admin.execute(
        """INSERT INTO templates (workspace_id, id, waba_id, name, language, category, status)
           VALUES ($1, $2, $3, $4, 'en_US', $5, 'APPROVED')""",
        workspace.id,
        new_id(),
        workspace.waba,
        name,
        category,
    )


async def _say(workspace: Workspace, contact: UUID, state: str, *, minute: int) -> None:
    await workspace.admin.execute(
        """INSERT INTO consents (workspace_id, id, contact_id, kind, state, source, at)
           VALUES ($1, $2, $3, 'marketing', $4, 'keyword', now() + $5::int * interval '1 minute')""",
        workspace.id,
        new_id(),
        contact,
        state,
        minute,
    )


async def test_marketing_goes_to_nobody_whose_last_word_was_to_stop_it(messages, workspace) -> None:
    number = await workspace.number()
    for name, category in (("autumn_sale", "MARKETING"), ("parcel_is_here", "UTILITY")):
        await _template(workspace, name, category)
    contact, _ = await workspace.person(number)
    other, _ = await workspace.person(number, "15550102")

    def sale(to: str = "+15550101", **fields: Any) -> SendCommand:
        template = {"name": "autumn_sale", "language": {"code": "en_US"}}
        fields = {"from": str(number), "to": to, "type": "template", "template": template, **fields}
        return COMMAND.validate_python(fields)

    async def codes() -> list[str | None]:
        unknown = {"name": "unknown_here", "language": {"code": "en_US"}}
        commands = (sale(), sale(marketing={}, template=unknown), notice(number, "+15550101"), text(number))
        return [getattr(result, "code", None) for result in await accept(messages, workspace, *commands)]

    await _say(workspace, other, "revoked", minute=0)
    assert await codes() == [None] * 4
    await _say(workspace, contact, "granted", minute=1)
    await _say(workspace, contact, "revoked", minute=3)
    await _say(workspace, contact, "granted", minute=2)  # told late
    assert await codes() == ["opted_out", "opted_out", None, None]
    await _say(workspace, contact, "granted", minute=4)
    assert await codes() == [None] * 4


async def test_a_one_time_password_is_not_taken_for_a_user_id(messages, workspace) -> None:
    number = await workspace.number()
    await _template(workspace, "login_code", "AUTHENTICATION")
    template = {"name": "login_code", "language": {"code": "en_US"}}
    results = await accept(
        messages,
        workspace,
        *(
            COMMAND.validate_python({"from": str(number), "to": to, "type": "template", "template": template})
            for to in ("US.1234567890", "US.ENT.1234567890", "+15550101")
        ),
    )
    assert [getattr(one, "code", None) for one in results] == ["password_to_user_id", "password_to_user_id", None]


@pytest.mark.parametrize(("status", "code"), [("DISABLED", "template_not_usable"), ("APPROVED", None)])
async def test_a_template_that_meta_has_taken_away_is_refused(
    messages, workspace, admin, status: str, code: str | None
) -> None:
    number = await workspace.number()
    await admin.execute(
        """INSERT INTO templates (workspace_id, id, waba_id, name, language, category, status)
           VALUES ($1, $2, $3, 'login_code', 'en_US', 'AUTHENTICATION', $4)""",
        workspace.id,
        new_id(),
        workspace.waba,
        status,
    )
    template = {"name": "login_code", "language": {"code": "en_US"}}
    command = COMMAND.validate_python(
        {"from": str(number), "to": "+15550101", "type": "template", "template": template}
    )
    [result] = await accept(messages, workspace, command)
    assert getattr(result, "code", None) == code
    if code is None:
        # A one-time password leaves first, and not late.
        assert result.expires_at - result.created_at == timedelta(minutes=10)
        assert await admin.fetchval("SELECT lane FROM outbox WHERE message_id = $1", result.id) == 0


BODY = {"type": "BODY", "text": "Hello {{1}}, your parcel comes {{2}}"}


def filled(number: UUID, *values: str) -> SendCommand:
    body = {"type": "body", "parameters": [{"type": "text", "text": value} for value in values]}
    template = {"name": "parcel_is_here", "language": {"code": "en_US"}, "components": [body]}
    return COMMAND.validate_python({"from": str(number), "to": "+15550101", "type": "template", "template": template})


async def test_what_fills_a_template_must_fit_its_text_once_that_is_known(messages, workspace, admin) -> None:
    number = await workspace.number()
    await _template(workspace, "parcel_is_here", "UTILITY")
    commands = [filled(number, "Ada", "today"), filled(number, "Ada")]
    assert [getattr(one, "code", None) for one in await accept(messages, workspace, *commands)] == [None, None]
    await admin.execute(
        "UPDATE templates SET components = $2 WHERE workspace_id = $1", workspace.id, json.dumps([BODY])
    )
    fits, misfits = await accept(messages, workspace, *commands)
    assert getattr(fits, "code", None) is None
    assert (misfits.code, misfits.detail) == ("template_misfit", "the template's body takes 2 parameters, and 1 came")
