"""Changes the state of numbers, accounts and portfolios: `PATCH` says only what changes, and Meta tells of it.

Called over HTTP by tests and people with curl. Making them, and replacing them whole, is in `configuration.py`.
"""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
from aiohttp import web

from simulator.control.requests import answering, body_of, found, path_id
from simulator.errors import Refused
from simulator.payloads.accounts import Restriction
from simulator.state import Number, Portfolio, Template, Waba
from simulator.world import World

_Record = TypeVar("_Record", Number, Waba, Portfolio, Template)

_FIXED = ("id", "waba_id", "business_id", "display_phone_number")
_FIXED_OF_TEMPLATE = ("id", "waba_id", "name", "language", "components", "parameter_format")


class ChangeEndpoints:
    def __init__(self, world: World) -> None:
        self._world = world
        self._store = world.store

    def routes(self) -> list[web.RouteDef]:
        return [
            web.patch("/_sim/numbers/{phone_number_id}", answering(self.patch_number)),
            web.patch("/_sim/wabas/{waba_id}", answering(self.patch_waba)),
            web.patch("/_sim/wabas/{waba_id}/templates/{name}/{language}", answering(self.patch_template)),
            web.get("/_sim/portfolios", answering(self.list_portfolios)),
            web.get("/_sim/portfolios/{business_id}", answering(self.show_portfolio)),
            web.patch("/_sim/portfolios/{business_id}", answering(self.patch_portfolio)),
        ]

    async def patch_number(self, request: web.Request) -> object:
        number = found(self._store.numbers, path_id(request, "phone_number_id"), "number")
        changed = _changed(number, await body_of(request, dict[str, Any]), Number)
        self._world.telling.change_number(changed)
        return changed

    async def patch_waba(self, request: web.Request) -> object:
        waba = found(self._store.wabas, path_id(request, "waba_id"), "account")
        changed = _changed(waba, await body_of(request, dict[str, Any]), Waba)
        for app_id in changed.subscribed_apps:
            found(self._store.apps, app_id, "app")
        _check_restrictions(changed)
        self._world.telling.change_account(changed)
        return changed

    async def patch_template(self, request: web.Request) -> object:
        waba = found(self._store.wabas, path_id(request, "waba_id"), "account")
        name, language = request.match_info["name"], request.match_info["language"]
        template = self._store.template(waba.id, name, language)
        if template is None:
            raise Refused(f"{waba.id} has no template {name} in {language}; make it first with PUT", http=404)
        changed = _changed(template, await body_of(request, dict[str, Any]), Template, _FIXED_OF_TEMPLATE)
        self._world.telling.change_template(changed)
        return changed

    async def list_portfolios(self, _request: web.Request) -> object:
        ids = {waba.business_id for waba in self._store.wabas.values()} | self._store.portfolios.keys()
        return {"data": [self._portfolio(id_) for id_ in sorted(ids)]}

    async def show_portfolio(self, request: web.Request) -> object:
        return self._portfolio(path_id(request, "business_id"))

    async def patch_portfolio(self, request: web.Request) -> object:
        id_ = path_id(request, "business_id")
        portfolio = self._store.portfolios.get(id_) or Portfolio(id_)
        changed = _changed(portfolio, await body_of(request, dict[str, Any]), Portfolio, ("id", "grows_at"))
        if changed.messaging_limit != portfolio.messaging_limit:
            changed.grows_at = None
        self._world.telling.change_portfolio(changed)
        return changed

    def _portfolio(self, id_: str) -> Portfolio:
        known = self._store.portfolios.get(id_)
        if known is None and not any(waba.business_id == id_ for waba in self._store.wabas.values()):
            raise Refused(f"there is no portfolio {id_}; PUT an account with this business_id first", http=404)
        return known or Portfolio(id_)


def _changed(
    record: _Record, changes: dict[str, Any], type_: type[_Record], fixed: tuple[str, ...] = _FIXED
) -> _Record:
    names = [name for name in type_.__struct_fields__ if name not in fixed]
    for name, value in changes.items():
        if name not in names:
            raise Refused(f"{name[:64]} cannot be changed here; what can be is: {', '.join(names)}")
        if value == "":
            raise Refused(f"{name} must not be empty; give null where there is none")
    try:
        return msgspec.convert({**msgspec.to_builtins(record), **changes}, type_)
    except msgspec.ValidationError as error:
        raise Refused(f"the body cannot be used: {error}; see simulator/README.md for its fields") from error


def _check_restrictions(waba: Waba) -> None:
    try:
        msgspec.convert(waba.restrictions, list[Restriction])
    except msgspec.ValidationError as error:
        raise Refused(f"the restrictions cannot be used: {error}; see simulator/README.md for their types") from error
