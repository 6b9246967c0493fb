"""The aiohttp application: control endpoints under `/_sim`, everything else is the Graph API.

Made by `process.py`, and by tests that want the simulator inside their own loop.
"""

from __future__ import annotations

from aiohttp import web

from simulator.control.changes import ChangeEndpoints
from simulator.control.clock import ClockEndpoints
from simulator.control.configuration import ConfigurationEndpoints
from simulator.control.faults import FaultEndpoints
from simulator.control.gestures import GestureEndpoints
from simulator.control.groups import GroupEndpoints
from simulator.control.ledger import LedgerEndpoints
from simulator.control.limits import LimitEndpoints
from simulator.control.media import MediaEndpoints
from simulator.control.people import PeopleEndpoints
from simulator.control.phone_page import PhonePage
from simulator.control.requests import answering
from simulator.control.templates import TemplateEndpoints
from simulator.control.tokens import TokenEndpoints
from simulator.control.webhooks import WebhookEndpoints
from simulator.control.writing import WritingEndpoints
from simulator.errors import Refused
from simulator.graph.downloads import Downloads
from simulator.graph.router import GraphApi
from simulator.media.links import PATH
from simulator.world import World

_LARGEST_REQUEST = 8 * 1024 * 1024


def create_app(world: World) -> web.Application:
    """The world starts and ends with the application."""
    app = web.Application(client_max_size=_LARGEST_REQUEST)
    everything = (
        ConfigurationEndpoints(world),
        ChangeEndpoints(world),
        PeopleEndpoints(world),
        WritingEndpoints(world),
        GestureEndpoints(world),
        PhonePage(),
        MediaEndpoints(world),
        WebhookEndpoints(world),
        LedgerEndpoints(world),
        FaultEndpoints(world),
        TemplateEndpoints(world),
        GroupEndpoints(world),
        ClockEndpoints(world),
        TokenEndpoints(world),
        LimitEndpoints(world),
    )
    for endpoints in everything:
        app.add_routes(endpoints.routes())
    app.router.add_route("*", r"/_sim/{rest:[\s\S]*}", answering(_no_such_endpoint))
    app.router.add_get(PATH, Downloads(world).handle, allow_head=False)
    app.router.add_route("*", r"/{path:[\s\S]*}", GraphApi(world).handle)

    async def start(_app: web.Application) -> None:
        world.start()

    async def stop(_app: web.Application) -> None:
        await world.close()

    app.on_startup.append(start)
    app.on_cleanup.append(stop)
    return app


async def _no_such_endpoint(request: web.Request) -> object:
    raise Refused(f"there is no {request.method} {request.path}; simulator/README.md lists what there is", http=404)
