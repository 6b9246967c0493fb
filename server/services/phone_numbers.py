"""Numbers: connecting one by its access token, showing them, pausing and resuming.

Meta is asked outside of any transaction. Connecting is safe to repeat: it refreshes facts and token. Webhooks that were
parked until the number is known are released by the webhook workers, which look for them.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple
from uuid import UUID

from server.core.crypto import CannotDecrypt, Keyring
from server.core.db import Database
from server.core.ids import new_id
from server.domain.errors import Refused
from server.domain.field_errors import field_error
from server.domain.messaging_limit import LIMIT_OF_TIER
from server.models.phone_numbers import App
from server.repositories import events
from server.repositories import phone_numbers as rows
from server.repositories import workspaces as workspace_rows
from server.schemas import cursors
from server.services.apps import secret_place
from server.services.pauses import paused_event, resumed_event
from server.services.tokens import Tokens, access_token_place
from server.services.workspaces import open_data_key
from server.whatsapp.access_token import AccessToken, proven
from server.whatsapp.assets import Assets, AssetsRefused, AssetsUnreachable, NumberFacts
from server.whatsapp.errors import DownReason


class _Cursor(NamedTuple):
    of: Literal["numbers"]
    after: UUID


@dataclass(frozen=True, slots=True)
class Number:
    """A connected number. `pause_reason` is None while it sends; throughput is in messages a second.

    `bulk_paused_until` is to come while its bulk lane rests.
    """

    id: UUID
    phone_number_id: str
    waba_id: str
    display_phone_number: str
    verified_name: str | None
    throughput_mps: int
    quality_rating: str | None
    pause_reason: str | None
    bulk_pause_reason: str | None
    bulk_paused_until: datetime | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class _Told:
    """What Meta says of a number and its token: its account, the business portfolio that owns it, the token's app.

    The owner is None where Meta does not tell it, the app where it is none of ours.
    """

    facts: NumberFacts
    waba_id: str
    business_id: str | None
    token_app_id: str | None


@dataclass(frozen=True, slots=True)
class NumberPage:
    """A page of numbers, and the cursor of the next one."""

    data: list[Number]
    next: str | None


class PhoneNumbers:
    """The numbers of all workspaces, one workspace at a time."""

    def __init__(self, db: Database, keyring: Keyring, assets: Assets) -> None:
        self._db = db
        self._keyring = keyring
        self._tokens = Tokens(keyring)
        self._assets = assets

    async def connect(
        self, workspace_id: UUID, *, phone_number_id: str, access_token: str, waba_id: str | None = None
    ) -> Number:
        """Connects a number, or takes a new token for one that is connected.

        Raises Refused: token_refused, meta_unreachable, invalid_request (the account), number_taken, not_found.
        """
        return await self._store(
            workspace_id, await self._ask_meta(phone_number_id, access_token, waba_id), access_token
        )

    async def get(self, workspace_id: UUID, number_id: UUID) -> Number:
        """Raises Refused("not_found")."""
        async with self._db.transaction(workspace_id) as connection:
            return _found(await rows.one(connection, workspace_id, number_id))

    async def list(self, workspace_id: UUID, *, cursor: str | None = None, limit: int = 50) -> NumberPage:
        """In the order in which they were connected. Raises Refused("invalid_cursor")."""
        after = None if cursor is None else cursors.decode(cursor, _Cursor).after
        async with self._db.transaction(workspace_id) as connection:
            found = await rows.page(connection, workspace_id, after=after, limit=limit + 1)
        numbers = [_number(row) for row in found[:limit]]
        return NumberPage(numbers, cursors.encode(_Cursor("numbers", numbers[-1].id)) if len(found) > limit else None)

    async def pause(self, workspace_id: UUID, number_id: UUID, reason: str) -> Number:
        """Sends nothing more on this number; its messages wait. Raises Refused("not_found")."""
        return await self._pause(workspace_id, number_id, reason)

    async def resume(self, workspace_id: UUID, number_id: UUID) -> Number:
        """Sends again, whoever paused it. Raises Refused("not_found")."""
        return await self._pause(workspace_id, number_id, None)

    async def token(self, workspace_id: UUID, number_id: UUID) -> AccessToken:
        """The opened access token, for asking Meta. Raises Refused("not_found") and CannotDecrypt."""
        async with self._db.transaction(workspace_id) as connection:
            sealed = await rows.sealed_token(connection, workspace_id, number_id)
        if sealed is None:
            raise Refused("not_found")
        return self._tokens.open(sealed, workspace_id, number_id)

    async def _ask_meta(self, phone_number_id: str, text: str, waba_id: str | None) -> _Told:
        try:
            token, app_id = await self._with_proof(text)
            facts = await self._assets.number(token, phone_number_id)
            found = await self._account(phone_number_id, token, waba_id)
            told = _Told(facts, found, await self._assets.owner_of(token, found), app_id)
            await self._assets.subscribe(token, found)
        except AssetsRefused as refusal:
            raise Refused("token_refused", f"Meta refused the access token: {refusal}") from None
        except AssetsUnreachable as failure:
            raise Refused("meta_unreachable", f"Meta could not be reached ({failure})", retry_after_s=10) from None
        return told

    async def _with_proof(self, text: str) -> tuple[AccessToken, str | None]:
        """The token, and Meta's id of the app of ours that it was issued for. Without such an app there is no proof."""
        async with self._db.transaction() as connection:
            apps = await workspace_rows.apps(connection)
        for app in apps:
            secret = self._secret_of(app)
            if app.meta_app_id is None or secret is None:
                continue
            if await self._assets.is_of_app(AccessToken(text), app.meta_app_id, secret):
                return proven(text, secret), app.meta_app_id
        return AccessToken(text), None

    def _secret_of(self, app: App) -> str | None:
        """None where it was sealed with another keyring: that app proves nothing."""
        try:
            return self._keyring.open(app.app_secret, secret_place("app_secret", app.id)).decode()
        except CannotDecrypt:
            return None

    async def _account(self, phone_number_id: str, token: AccessToken, waba_id: str | None) -> str:
        if waba_id is None:
            found = await self._assets.account_of(token, phone_number_id)
        else:
            found = waba_id if await self._assets.holds(token, waba_id, phone_number_id) else None
        if found is None:
            raise Refused("invalid_request", errors=(field_error("waba_id", "waba_not_found"),))
        return found

    async def _store(self, workspace_id: UUID, told: _Told, token: str) -> Number:
        async with self._db.transaction(workspace_id) as connection:
            sealed = await workspace_rows.sealed_data_key(connection, workspace_id)
            if sealed is None:
                raise Refused("not_found", f"There is no workspace {workspace_id}")
            key = open_data_key(self._keyring, workspace_id, sealed)
            account = await rows.ensure_waba(
                connection, workspace_id=workspace_id, new_id=new_id(), waba_id=told.waba_id
            )
            if account is None:
                raise Refused("number_taken", "The number's WhatsApp Business Account belongs to another workspace")
            portfolio = await rows.ensure_portfolio(
                connection, workspace_id=workspace_id, account=account, new_id=new_id(), business_id=told.business_id
            )
            if told.facts.messaging_limit_tier in LIMIT_OF_TIER:
                people = LIMIT_OF_TIER[told.facts.messaging_limit_tier]
                await rows.set_messaging_limit(connection, workspace_id, portfolio, people)

            def columns(number_id: UUID) -> dict[str, Any]:
                sealed_token = key.encrypt(token.encode(), access_token_place(workspace_id, number_id))
                return {"waba_id": account, "access_token": sealed_token, **_columns(told)}

            fresh = new_id()
            number_id = await rows.put(connection, {"workspace_id": workspace_id, "id": fresh, **columns(fresh)})
            if number_id is None:
                raise Refused("number_taken")
            known = _found(await rows.one(connection, workspace_id, number_id))
            if number_id == fresh:
                return known
            mended = {"pause_reason": None} if _waits_for_a_token(known) else {}
            await rows.refresh(connection, workspace_id, number_id, {**columns(number_id), **mended})
            return _found(await rows.one(connection, workspace_id, number_id))

    async def _pause(self, workspace_id: UUID, number_id: UUID, reason: str | None) -> Number:
        async with self._db.hot(workspace_id) as connection:
            row = await rows.pause_by_hand(connection, workspace_id, number_id, reason)
            if row is not None:
                told = resumed_event(row) if reason is None else paused_event(row, lanes="all")
                await events.append(connection, [told])
        return await self.get(workspace_id, number_id)


def _waits_for_a_token(number: Number) -> bool:
    """Whether a worker paused it because of its token; a new one is what it waits for."""
    return (number.pause_reason or "").startswith(f"{DownReason.TOKEN}:")


def _columns(told: _Told) -> dict[str, Any]:
    facts = told.facts
    return {
        "token_app_id": told.token_app_id,
        "phone_number_id": facts.phone_number_id,
        "display_phone_number": facts.display_phone_number,
        "verified_name": facts.verified_name,
        "throughput_mps": facts.throughput_mps,
        "quality_rating": facts.quality_rating,
    }


def _found(row: rows.Row | None) -> Number:
    if row is None:
        raise Refused("not_found")
    return _number(row)


def _number(row: rows.Row) -> Number:
    return Number(
        id=row["id"],
        phone_number_id=row["phone_number_id"],
        waba_id=row["meta_waba_id"],
        display_phone_number=row["display_phone_number"],
        verified_name=row["verified_name"],
        throughput_mps=row["throughput_mps"],
        quality_rating=row["quality_rating"],
        pause_reason=row["pause_reason"],
        bulk_pause_reason=row["bulk_pause_reason"],
        bulk_paused_until=row["bulk_paused_until"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
