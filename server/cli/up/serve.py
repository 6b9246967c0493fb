"""What `treeex up` does between start and stop: something to play with, and where everything is."""

import asyncio
import json
from collections.abc import Awaitable
from typing import TypeVar

from server.cli.up.errors import CannotRun
from server.cli.up.machine import Machine
from server.cli.up.playground import ADA, WORKSPACE, Playground, make_playground, open_playground
from server.domain.errors import Refused

T = TypeVar("T")


async def serve(machine: Machine) -> int:
    """The body of the machine: until the user leaves."""
    if machine.plan.simulator:
        playground, _ = await asyncio.gather(_unless_refused(machine, make_playground(machine)), machine.wait_ready())
        if playground is not None:
            await _unless_refused(machine, open_playground(machine, playground))
        steps = try_it(machine, playground) if playground else FIRST_STEPS
    else:
        await machine.wait_ready()
        steps = FIRST_STEPS
    machine.voice.result(welcome(machine) + steps + GOODBYE)
    await asyncio.get_running_loop().create_future()
    return 0


async def _unless_refused(machine: Machine, work: Awaitable[T]) -> T | None:
    """A playground that cannot be had, because its pieces were changed meanwhile, is no reason not to run."""
    try:
        return await work
    except (CannotRun, Refused) as refusal:
        machine.voice.warn(f"The playground is not complete: {refusal}")
        return None


def welcome(machine: Machine) -> str:
    """Where everything is."""
    simulator = f"  Simulator  {machine.simulator_url}/_sim/people\n" if machine.simulator_url else ""
    return (
        "\nTREEEX-WBSP is ready.\n\n"
        f"  API        {machine.api_url}/v1 (described in {machine.api_url}/openapi.json)\n"
        f"{simulator}"
        f"  Logs       {machine.plan.data_dir / 'log'}\n"
    )


def try_it(machine: Machine, playground: Playground) -> str:
    """A command that really sends, and one that shows what arrived."""
    key, how = playground.key or "$KEY", "shown only now"
    if playground.key is None:
        how = f"stands for yours; `treeex key create --workspace {WORKSPACE}` makes another"
    body = json.dumps(
        {"from": str(playground.number_id), "to": f"+{ADA}", "type": "text", "text": {"body": "Hello Ada!"}}
    )
    return (
        f"  Workspace  {playground.workspace_id} ({WORKSPACE}), number {playground.shown_number}\n"
        f"  API key    {key} ({how})\n"
        "\nAda wrote lately, so you may answer:\n\n"
        f"curl -sS {machine.api_url}/v1/messages \\\n"
        f'  -H "Authorization: Bearer {key}" -H "Content-Type: application/json" \\\n'
        f"  -d '{body}'\n"
        "\nWhat she sees:\n\n"
        f"curl -sS {machine.simulator_url}/_sim/people/{ADA}/chat\n"
    )


FIRST_STEPS = (
    "\nBegin with `treeex workspace create`, `treeex key create`, `treeex app create` and `treeex number connect`.\n"
)
GOODBYE = "\nCtrl-C stops everything.\n"
