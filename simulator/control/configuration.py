"""Configures apps, accounts, numbers and settings: PUT makes or replaces, GET shows with secrets masked.

Called over HTTP by tests, by the product's own launcher and by people with curl.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from aiohttp import web

from simulator.control.requests import answering, body_of, found, masked, path_id
from simulator.delays import is_ascending
from simulator.errors import Refused
from simulator.settings import Settings
from simulator.state import App, Id, Number, NumberLimits, Waba
from simulator.webhooks.handshake import handshake_failure
from simulator.world import World

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=512)]
Url = Annotated[str, msgspec.Meta(pattern="^https?://[^ ]+$", max_length=2048)]
Phone = Annotated[str, msgspec.Meta(pattern=r"^\+?[0-9][0-9 ()-]{6,24}$")]

_SHORTEST_RETRY_S = 0.01


class AppBody(msgspec.Struct, forbid_unknown_fields=True):
    app_secret: Text
    name: Text = "Simulated app"
    callback_url: Url | None = None
    verify_token: Text | None = None
    fields: list[Text] | None = None
    graph_version: Annotated[str, msgspec.Meta(pattern=r"^v2[1-6]\.0$")] = "v26.0"
    requires_proof: bool = False


class WabaBody(msgspec.Struct, forbid_unknown_fields=True):
    name: Text = "Simulated business"
    business_id: Id = "900000000000001"
    subscribed_apps: list[Id] = []
    direct_send: bool = False


class NumberBody(msgspec.Struct, forbid_unknown_fields=True):
    waba_id: Id
    display_phone_number: Phone
    verified_name: Text = "Simulated business"
    throughput_mps: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 80
    limits: NumberLimits = NumberLimits()


class ConfigurationEndpoints:
    def __init__(self, world: World) -> None:
        self._world = world
        self._store = world.store

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/_sim/apps", answering(self.list_apps)),
            web.get("/_sim/apps/{app_id}", answering(self.show_app)),
            web.put("/_sim/apps/{app_id}", answering(self.put_app)),
            web.get("/_sim/wabas", answering(self.list_wabas)),
            web.get("/_sim/wabas/{waba_id}", answering(self.show_waba)),
            web.put("/_sim/wabas/{waba_id}", answering(self.put_waba)),
            web.get("/_sim/numbers", answering(self.list_numbers)),
            web.get("/_sim/numbers/{phone_number_id}", answering(self.show_number)),
            web.put("/_sim/numbers/{phone_number_id}", answering(self.put_number)),
            web.get("/_sim/settings", answering(self.show_settings)),
            web.put("/_sim/settings", answering(self.put_settings)),
        ]

    async def list_apps(self, _request: web.Request) -> object:
        return {"data": [_app_shown(app) for app in self._store.apps.values()]}

    async def show_app(self, request: web.Request) -> object:
        return _app_shown(found(self._store.apps, path_id(request, "app_id"), "app"))

    async def put_app(self, request: web.Request) -> object:
        """Shake hands with the callback first; when that fails nothing changes, as at Meta."""
        id_ = path_id(request, "app_id")
        body = await body_of(request, AppBody)
        if body.callback_url is not None:
            if body.verify_token is None:
                raise Refused("a callback_url needs a verify_token; give both or neither")
            failure = await handshake_failure(self._world.sender.session, body.callback_url, body.verify_token)
            if failure is not None:
                raise Refused(f"the callback could not be verified: {failure}; nothing was changed", http=422)
        app = App(
            id_,
            body.name,
            body.app_secret,
            body.callback_url,
            body.verify_token,
            body.fields,
            int(body.graph_version[1:-2]),
            self._previous_secret(id_, body),
            body.requires_proof,
        )
        self._store.put(app)
        return _app_shown(app)

    def _previous_secret(self, id_: str, body: AppBody) -> str | None:
        before = self._store.apps.get(id_)
        if before is None:
            return None
        return before.app_secret if before.app_secret != body.app_secret else before.previous_secret

    async def list_wabas(self, _request: web.Request) -> object:
        return {"data": list(self._store.wabas.values())}

    async def show_waba(self, request: web.Request) -> object:
        return found(self._store.wabas, path_id(request, "waba_id"), "account")

    async def put_waba(self, request: web.Request) -> object:
        id_ = path_id(request, "waba_id")
        body = await body_of(request, WabaBody)
        _refuse_taken(id_, self._store.numbers, "a number")
        for app_id in body.subscribed_apps:
            found(self._store.apps, app_id, "app")
        waba = Waba(id_, body.name, body.business_id, list(dict.fromkeys(body.subscribed_apps)), body.direct_send)
        self._world.telling.change_account(waba)
        return waba

    async def list_numbers(self, _request: web.Request) -> object:
        return {"data": list(self._store.numbers.values())}

    async def show_number(self, request: web.Request) -> object:
        return found(self._store.numbers, path_id(request, "phone_number_id"), "number")

    async def put_number(self, request: web.Request) -> object:
        id_ = path_id(request, "phone_number_id")
        body = await body_of(request, NumberBody)
        _refuse_taken(id_, self._store.wabas, "an account")
        found(self._store.wabas, body.waba_id, "account")
        number = Number(
            id=id_,
            waba_id=body.waba_id,
            display_phone_number=body.display_phone_number,
            verified_name=body.verified_name,
            throughput_mps=body.throughput_mps,
            limits=body.limits,
        )
        self._world.telling.change_number(number)
        return number

    async def show_settings(self, _request: web.Request) -> object:
        return self._store.settings

    async def put_settings(self, request: web.Request) -> object:
        """Replace the settings; what is not given goes back to its default."""
        settings = await body_of(request, Settings)
        if not all(map(is_ascending, (settings.sent_delay_s, settings.delivered_delay_s, settings.pacing_s))):
            raise Refused("a range of delays is [least, most]; the first must not exceed the second")
        if settings.webhook_retry_steps_s[-1] < _SHORTEST_RETRY_S:
            raise Refused(
                f"the last of webhook_retry_steps_s repeats until webhook_give_up_s; give at least {_SHORTEST_RETRY_S}"
            )
        self._store.settle(settings)
        return settings


def _app_shown(app: App) -> object:
    return {
        "id": app.id,
        "name": app.name,
        "app_secret": masked(app.app_secret),
        "callback_url": app.callback_url,
        "verify_token": masked(app.verify_token) if app.verify_token else None,
        "fields": app.fields,
        "graph_version": f"v{app.graph_version}.0",
        "requires_proof": app.requires_proof,
    }


def _refuse_taken(id_: str, others: dict[str, Number] | dict[str, Waba], what: str) -> None:
    # Accounts and numbers share one space of Graph ids.
    if id_ in others:
        raise Refused(f"{id_} is already the id of {what}; choose another one", http=409)
