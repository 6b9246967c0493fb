"""Routes of /v1/media: upload a file, show it, read it, delete it. Bodies are streamed, in and out."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

from fastapi import Depends, Path, Query, Request, Response
from starlette.requests import ClientDisconnect
from starlette.responses import StreamingResponse

from server.api.auth import require
from server.api.problems import problems
from server.api.routing import router
from server.api.state import services
from server.domain.enums import Scope
from server.domain.errors import Refused
from server.domain.media import FILENAME_MAX, LIMITS
from server.schemas.media import MediumLink, MediumShown
from server.services.api_keys import Principal
from server.services.media import Content
from server.services.media_links import LONGEST, PATH

routes = router("media")

PIECE_TIMEOUT_S = 30.0
"""Between two pieces of a body, so that who stops sending does not stay."""
UPLOAD_TIMEOUT_S = 900.0
"""For all of it."""
LONGEST_S = int(LONGEST.total_seconds())

Reader = Annotated[Principal, Depends(require(Scope.MEDIA_READ))]
Writer = Annotated[Principal, Depends(require(Scope.MEDIA_WRITE))]
MediumId = Annotated[UUID, Path(alias="id", description="The id of the medium here.")]
Filename = Annotated[
    str | None,
    Query(
        min_length=1,
        max_length=FILENAME_MAX,
        pattern=r"^[^\x00-\x1f\x7f/\\]+$",
        description="What the file is called, without a folder.",
        examples=["photo.jpg"],
    ),
]
_BYTES: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
_BODY = {
    "requestBody": {
        "required": True,
        "description": "The file itself. Its `Content-Type` is what it is: 5 MB for images, 16 MB for audio and video, "
        "100 MB for documents, 100 KB for stickers and 500 KB for animated ones.",
        "content": dict.fromkeys(LIMITS, _BYTES),
    }
}
_NEW: dict[int | str, dict[str, Any]] = {
    200: {"description": "The same bytes with the same type and name were here; this is their medium."},
    201: {"description": "The file is stored."},
}
_ANY_TYPE = "*/*"
"""People send documents of types that Meta does not take from a business."""
_FILE: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file.", "content": dict.fromkeys((*LIMITS, _ANY_TYPE), _BYTES)}
}
_UPLOAD_PROBLEMS = (
    "media_type_unsupported",
    "media_too_large",
    "media_mismatch",
    "compressed_body",
    "body_too_large",
    "body_too_slow",
)


@routes.post(
    "/v1/media",
    operation_id="uploadMedium",
    summary="Upload a file",
    status_code=201,
    response_model=MediumShown,
    responses=_NEW | problems(*_UPLOAD_PROBLEMS),
    openapi_extra=_BODY,
)
async def upload(request: Request, caller: Writer, *, filename: Filename = None) -> Response:
    """The body is the file. Messages name it by its id; it is given to Meta when the first message needs it."""
    medium, is_new = await services(request).media.add(
        caller.workspace_id,
        content_type=request.headers.get("content-type", ""),
        filename=filename,
        pieces=_pieces(request),
    )
    headers = {"Location": f"/v1/media/{medium.id}"}
    return Response(medium.model_dump_json(), 201 if is_new else 200, headers, "application/json")


@routes.get("/v1/media/{id}", operation_id="getMedium", summary="Show a medium", responses=problems("not_found"))
async def get_medium(request: Request, caller: Reader, media_id: MediumId) -> MediumShown:
    return await services(request).media.get(caller.workspace_id, media_id)


@routes.get(
    "/v1/media/{id}/content",
    operation_id="getMediumContent",
    summary="Read a file",
    response_class=StreamingResponse,
    responses=_FILE | problems("not_found"),
)
async def get_content(request: Request, caller: Reader, media_id: MediumId) -> Response:
    return _file(await services(request).media.content(caller.workspace_id, media_id))


@routes.get(
    PATH + "{token}",
    operation_id="readLinkedFile",
    summary="Read a file by its address",
    response_class=StreamingResponse,
    responses=_FILE | problems("not_found"),
)
async def follow_link(
    request: Request, token: Annotated[str, Path(max_length=200, description="As `linkMedium` gave it.")]
) -> Response:
    """Needs no API key."""
    return _file(await services(request).media_links.follow(token))


def _file(content: Content) -> Response:
    headers = {
        "Content-Length": str(content.shown.size),
        "Content-Disposition": _attachment(content.shown.filename),
        "ETag": f'"{content.shown.sha256}"',
    }
    return StreamingResponse(content.pieces, 200, headers, content.shown.mime_type)


@routes.post(
    "/v1/media/{id}/link",
    operation_id="linkMedium",
    summary="Make an address that anybody can read",
    status_code=201,
    responses=problems("not_found"),
)
async def link_medium(
    request: Request,
    caller: Reader,
    media_id: MediumId,
    *,
    valid_s: Annotated[int, Query(ge=10, le=LONGEST_S, description="For how many seconds it can be read.")] = 300,
) -> MediumLink:
    """For those who have no API key, such as a browser: whoever has the address can read the file until it ends."""
    links = services(request).media_links
    return await links.make(caller.workspace_id, media_id, seconds=valid_s, asked_at=str(request.base_url))


@routes.delete(
    "/v1/media/{id}",
    operation_id="deleteMedium",
    summary="Delete a medium",
    status_code=204,
    responses=problems("not_found"),
)
async def delete_medium(request: Request, caller: Writer, media_id: MediumId) -> Response:
    """Messages that still wait to be sent with it fail with `unknown_media`. Meta's copy ends within 30 days."""
    await services(request).media.delete(caller.workspace_id, media_id)
    return Response(status_code=204)


async def _pieces(request: Request) -> AsyncIterator[bytes]:
    """The body as it comes in. Raises Refused("body_too_slow") for one that stops coming."""
    stream = request.stream()
    clock = asyncio.get_running_loop().time
    ends_at = clock() + UPLOAD_TIMEOUT_S
    try:
        while True:
            async with asyncio.timeout_at(min(ends_at, clock() + PIECE_TIMEOUT_S)):
                piece = await anext(stream, None)
            if piece is None:
                return
            yield piece
    except TimeoutError:
        raise Refused("body_too_slow", "The body did not come in time") from None
    except ClientDisconnect:
        raise Refused("body_too_slow", "The connection ended before the body did") from None


def _attachment(filename: str | None) -> str:
    """Never shown in a page of ours, whatever it holds."""
    return "attachment" if filename is None else f"attachment; filename*=UTF-8''{quote(filename, safe='')}"
