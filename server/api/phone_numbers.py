"""Routes of /v1/phone-numbers: connect, show, pause, resume."""

from typing import Annotated
from uuid import UUID

from fastapi import Body, Depends, Path, Query, Request

from server.api.auth import require
from server.api.problems import problems
from server.api.routing import router
from server.api.state import services
from server.domain.enums import Scope
from server.schemas.phone_numbers import ConnectNumber, NumberList, NumberShown, PauseNumber
from server.services.api_keys import Principal

routes = router("phone-numbers")

Reader = Annotated[Principal, Depends(require(Scope.NUMBERS_READ))]
Writer = Annotated[Principal, Depends(require(Scope.NUMBERS_WRITE))]
_NO_REASON = PauseNumber()
NumberId = Annotated[UUID, Path(alias="id", description="The id of the number here.")]


@routes.post(
    "/v1/phone-numbers",
    operation_id="connectPhoneNumber",
    summary="Connect a number by its access token",
    responses=problems("token_refused", "meta_unreachable", "number_taken"),
)
async def connect(request: Request, caller: Writer, wanted: ConnectNumber) -> NumberShown:
    """Asks Meta for the number's facts, subscribes the app to its account, and keeps the token sealed."""
    number = await services(request).phone_numbers.connect(
        caller.workspace_id,
        phone_number_id=wanted.phone_number_id,
        access_token=wanted.access_token,
        waba_id=wanted.waba_id,
    )
    return NumberShown.model_validate(number)


@routes.get(
    "/v1/phone-numbers",
    operation_id="listPhoneNumbers",
    summary="List the connected numbers",
    responses=problems("invalid_cursor"),
)
async def list_numbers(
    request: Request,
    caller: Reader,
    cursor: Annotated[str | None, Query(max_length=200, description="`next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
) -> NumberList:
    page = await services(request).phone_numbers.list(caller.workspace_id, cursor=cursor, limit=limit)
    return NumberList.model_validate(page)


@routes.get(
    "/v1/phone-numbers/{id}",
    operation_id="getPhoneNumber",
    summary="Show a number",
    responses=problems("not_found"),
)
async def get_number(request: Request, caller: Reader, number_id: NumberId) -> NumberShown:
    return NumberShown.model_validate(await services(request).phone_numbers.get(caller.workspace_id, number_id))


@routes.post(
    "/v1/phone-numbers/{id}/pause",
    operation_id="pausePhoneNumber",
    summary="Pause a number",
    responses=problems("not_found"),
)
async def pause(
    request: Request, caller: Writer, number_id: NumberId, wanted: Annotated[PauseNumber, Body()] = _NO_REASON
) -> NumberShown:
    """Its messages wait until it is resumed. What is on the wire already goes out."""
    number = await services(request).phone_numbers.pause(caller.workspace_id, number_id, wanted.reason)
    return NumberShown.model_validate(number)


@routes.post(
    "/v1/phone-numbers/{id}/resume",
    operation_id="resumePhoneNumber",
    summary="Resume a number",
    responses=problems("not_found"),
)
async def resume(request: Request, caller: Writer, number_id: NumberId) -> NumberShown:
    """Sends what waits, whoever paused the number."""
    return NumberShown.model_validate(await services(request).phone_numbers.resume(caller.workspace_id, number_id))
