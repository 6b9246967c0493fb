"""What a gate would refuse now does not go out, though it was accepted before."""

import json

import pytest

from server.core.ids import new_id

TEMPLATE = {"type": "template", "template": {"name": "sale", "language": {"code": "en"}}}


async def make_template(world, category: str) -> None:
    await world.admin.execute(
        """INSERT INTO templates (workspace_id, id, waba_id, name, language, category, status)
           VALUES ($1, $2, $3, 'sale', 'en', $4, 'APPROVED')""",
        world.workspace,
        new_id(),
        world.waba,
        category,
    )


async def queue_template(world, number, person, **more) -> object:
    message = await world.message(number, person)
    await world.admin.execute(
        "UPDATE messages SET type = 'template', content = $2 WHERE id = $1", message, json.dumps({**TEMPLATE, **more})
    )
    return message


@pytest.mark.parametrize("category", ["MARKETING", "UTILITY"])
@pytest.mark.parametrize("words", [(), ("revoked",), ("revoked", "granted"), ("granted", "revoked")])
@pytest.mark.parametrize("api", [{}, {"marketing": {}}], ids=["messages", "marketing_messages"])
async def test_marketing_is_held_back_from_who_stopped_it_meanwhile(
    world, make_dispatch, claim_all, category: str, words, api
) -> None:
    await make_template(world, category)
    number = await world.number()
    person = await world.person(number)
    message = await queue_template(world, number, person, **api)
    for minute, state in enumerate(words):
        await world.admin.execute(
            """INSERT INTO consents (workspace_id, id, contact_id, kind, state, source, at)
               VALUES ($1, $2, $3, 'marketing', $4, 'keyword', now() + $5::int * interval '1 minute')""",
            world.workspace,
            new_id(),
            person,
            state,
            minute,
        )
    other = await world.message(number, await world.person(number))
    stopped = words[-1:] == ("revoked",) and (category == "MARKETING" or bool(api))
    departures = await claim_all(make_dispatch(), number, count=1 if stopped else 2)
    assert {one.key.message_id for one in departures} == ({other} if stopped else {other, message})
    if stopped:
        facts = await world.facts(message)
        assert json.loads(facts["error"])["code"] == "opted_out"
        assert await world.events(message) == ["message.failed"]


async def test_what_does_not_fit_the_template_any_more_does_not_go(world, make_dispatch, claim_all) -> None:
    await make_template(world, "UTILITY")
    await world.admin.execute(
        "UPDATE templates SET components = $2 WHERE workspace_id = $1",
        world.workspace,
        json.dumps([{"type": "BODY", "text": "Now with {{1}}"}]),
    )
    number = await world.number()
    bare, filled = [await queue_template(world, number, await world.person(number)) for _ in range(2)]
    body = {"type": "body", "parameters": [{"type": "text", "text": "x"}]}
    fitting = {**TEMPLATE, "template": {**TEMPLATE["template"], "components": [body]}}
    await world.admin.execute("UPDATE messages SET content = $2 WHERE id = $1", filled, json.dumps(fitting))
    [departure] = await claim_all(make_dispatch(), number, count=1)
    assert departure.key.message_id == filled
    assert json.loads((await world.facts(bare))["error"])["code"] == "template_misfit"


async def test_a_one_time_password_goes_to_no_user_id(world, make_dispatch, claim_all) -> None:
    await make_template(world, "AUTHENTICATION")
    number = await world.number()
    message = await queue_template(world, number, await world.person(number))
    await world.admin.execute("UPDATE messages SET recipient = 'US.12345' WHERE id = $1", message)
    other = await world.message(number, await world.person(number))
    [departure] = await claim_all(make_dispatch(), number, count=1)
    assert departure.key.message_id == other
    assert json.loads((await world.facts(message))["error"])["code"] == "password_to_user_id"
