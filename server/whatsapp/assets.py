"""Reads the facts of a number from Meta and subscribes our app to its account. Called when a number is connected."""

import contextlib
from dataclasses import dataclass
from typing import Any, Literal

from server.whatsapp.access_token import AccessToken, of_app
from server.whatsapp.graph import GraphAnswer, GraphClient, GraphUnreachable

_FIELDS = "id,display_phone_number,verified_name,quality_rating,throughput,whatsapp_business_manager_messaging_limit"
_THROUGHPUT_MPS = {"STANDARD": 80, "HIGH": 1000}
"""Meta: throughput page. A number that is not registered yet has NOT_APPLICABLE, and will have STANDARD."""
_SCOPES = ("whatsapp_business_management", "whatsapp_business_messaging")
_ACCOUNTS_LOOKED_AT = 50
_PAGES_READ = 20
TOKEN_INVALID = 190
"""Meta: error codes page. 0, 3, 10 and 200 to 299 are permissions; 100 with subcode 33 hides what one may not see."""


class AssetsUnreachable(Exception):
    """Meta gave no answer, or none that says anything."""


class AssetsRefused(Exception):
    """Meta does not let this token see or do it. The text is Meta's own message."""


@dataclass(frozen=True, slots=True)
class NumberFacts:
    """What Meta says of a number. Throughput in messages a second, inbound and outbound together."""

    phone_number_id: str
    display_phone_number: str
    verified_name: str | None
    quality_rating: str | None
    throughput_mps: int
    messaging_limit_tier: str | None


class Assets:
    """Every call raises AssetsUnreachable or AssetsRefused."""

    def __init__(self, graph: GraphClient) -> None:
        self._graph = graph

    async def reach(self) -> None:
        """Whether anything of Meta's form answers; without a token that is a refusal. Raises AssetsUnreachable only."""
        with contextlib.suppress(AssetsRefused):
            await self._ask("GET", "debug_token", AccessToken("none"), None)

    async def number(self, token: AccessToken, phone_number_id: str) -> NumberFacts:
        body = await self._ask("GET", phone_number_id, token, {"fields": _FIELDS})
        level = body.get("throughput")
        return NumberFacts(
            phone_number_id=phone_number_id,
            display_phone_number=str(body.get("display_phone_number") or phone_number_id),
            verified_name=_text(body.get("verified_name")),
            quality_rating=_text(body.get("quality_rating")),
            throughput_mps=_THROUGHPUT_MPS.get(str(level.get("level")) if isinstance(level, dict) else "", 80),
            messaging_limit_tier=_text(body.get("whatsapp_business_manager_messaging_limit")),
        )

    async def is_of_app(self, token: AccessToken, meta_app_id: str, app_secret: str) -> bool:
        """Whether the token was issued for that app. False too when Meta does not take the app's secret."""
        app_token = of_app(meta_app_id, app_secret)
        try:
            body = await self._ask("GET", "debug_token", app_token, {"input_token": token.text})
        except AssetsRefused:
            return False
        data = body.get("data")
        return isinstance(data, dict) and str(data.get("app_id")) == meta_app_id

    async def account_of(self, token: AccessToken, phone_number_id: str) -> str | None:
        """Meta's id of the account that holds the number, among those that the token was made for."""
        answer = await self._ask("GET", "debug_token", token, {"input_token": token.text})
        for waba_id in _target_ids(answer)[:_ACCOUNTS_LOOKED_AT]:
            if await self.holds(token, waba_id, phone_number_id):
                return waba_id
        return None

    async def holds(self, token: AccessToken, waba_id: str, phone_number_id: str) -> bool:
        """Whether the account holds the number; False too when the token may not see the account."""
        params = {"fields": "id", "limit": "100"}
        for _ in range(_PAGES_READ):
            try:
                page = await self._ask("GET", f"{waba_id}/phone_numbers", token, params)
            except AssetsRefused:
                return False
            if any(entry.get("id") == phone_number_id for entry in _objects(page.get("data"))):
                return True
            after = _next_cursor(page)
            if after is None:
                return False
            params = {**params, "after": after}
        return False

    async def owner_of(self, token: AccessToken, waba_id: str) -> str | None:
        """Meta's id of the business portfolio that owns the account; None when the token may not know."""
        try:
            body = await self._ask("GET", waba_id, token, {"fields": "owner_business_info"})
        except AssetsRefused:
            return None
        owner = body.get("owner_business_info")
        return _text(owner.get("id")) if isinstance(owner, dict) else None

    async def subscribe(self, token: AccessToken, waba_id: str) -> None:
        """Meta sends the account's webhooks to the token's app from now on. Harmless to repeat."""
        await self._ask("POST", f"{waba_id}/subscribed_apps", token, None)

    async def _ask(
        self, method: Literal["GET", "POST"], path: str, token: AccessToken, params: dict[str, str] | None
    ) -> dict[str, Any]:
        try:
            answer = await self._graph.request(method, path, token=token, params=params)
        except GraphUnreachable as failure:
            raise AssetsUnreachable(str(failure)) from None
        if answer.body is None:
            raise _failure(answer)
        return answer.body


def _failure(answer: GraphAnswer) -> Exception:
    """A clear no of Meta is about the token; anything else says nothing."""
    error = answer.error
    if error is None or error.code == 0 or error.is_transient or answer.status >= 500 or answer.status == 429:
        return AssetsUnreachable(f"HTTP {answer.status}")
    return AssetsRefused(error.message[:300])


def _target_ids(answer: dict[str, Any]) -> list[str]:
    """The accounts in a token's granular scopes. Meta gives them as texts or as numbers, or not at all."""
    data = answer.get("data")
    scopes = _objects(data.get("granular_scopes")) if isinstance(data, dict) else []
    found = [
        str(target)
        for scope in scopes
        if scope.get("scope") in _SCOPES
        for target in scope.get("target_ids") or []
        if str(target).isdecimal()
    ]
    return list(dict.fromkeys(found))


def _next_cursor(page: dict[str, Any]) -> str | None:
    paging = page.get("paging")
    if not isinstance(paging, dict) or "next" not in paging:
        return None
    cursors = paging.get("cursors")
    return _text(cursors.get("after")) if isinstance(cursors, dict) else None


def _objects(value: Any) -> list[dict[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
