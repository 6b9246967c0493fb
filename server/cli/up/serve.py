"""What `treeex up` does between start and stop: something to play with, and where everything is."""

import asyncio
import json

from server.cli.up.machine import Machine
from server.cli.up.playground import ADA, WORKSPACE, Playground, make_playground, open_playground


async def serve(machine: Machine) -> int:
    if machine.plan.simulator:
        playground, _ = await asyncio.gather(make_playground(machine), machine.wait_ready())
        await open_playground(machine, playground)
        machine.voice.result(welcome(machine) + try_it(machine, playground) + GOODBYE)
    else:
        await machine.wait_ready()
        machine.voice.result(welcome(machine) + FIRST_STEPS + GOODBYE)
    await asyncio.get_running_loop().create_future()  # until the user leaves
    return 0


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
    body = json.dumps({"from": str(playground.number_id), "to": f"+{ADA}", "text": {"body": "Hello Ada!"}})
    return (
        f"  Workspace  {playground.workspace_id} ({WORKSPACE}), number {playground.shown_number}\n"
        f"  API key    {key} ({how})\n"
        "\nAda has just written, so you may answer:\n\n"
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
