"""Resumable uploads, whose handles templates and profile photos need (Meta: Resumable Upload API).

Called by the router. A session belongs to the app of the token; a file that was cut off is taken up where it stands.
"""

from __future__ import annotations

from typing import Final

from aiohttp import web

from simulator.graph import errors
from simulator.graph.calls import Call, Json
from simulator.graph.errors import GraphError
from simulator.media.content import PIECE
from simulator.media.kinds import MB
from simulator.media.sessions import Session

FILE_TYPES: Final = ("application/pdf", "image/jpeg", "image/jpg", "image/png", "video/mp4")
LONGEST_FILE: Final = 100 * MB


def begin(call: Call) -> Json:
    """`POST /{app-id}/uploads?file_length&file_type&file_name`; the name changes nothing."""
    given = {**call.json_body(), **call.query}
    for name in ("file_length", "file_type"):
        if name not in given:
            raise errors.parameter_required(name)
    length, type_ = str(given["file_length"]), str(given["file_type"])
    if not (length.isascii() and length.isdigit() and 0 < int(length[:12]) <= LONGEST_FILE):
        raise errors.parameter_wrong(f"Param file_length must be an integer from 1 to {LONGEST_FILE}.")
    if type_ not in FILE_TYPES:
        raise errors.parameter_wrong(f"Param file_type must be one of {{{', '.join(FILE_TYPES)}}}.")
    app_id = call.token.app_id
    session = call.world.uploads.begin(app_id, file_type=type_, file_length=int(length))
    return {"id": session.full_id}


def state(call: Call) -> Json:
    """`GET /upload:{id}`: from where to go on."""
    session = _session(call)
    return {"id": session.full_id, "file_offset": session.draft.size}


async def receive(call: Call, request: web.Request) -> Json:
    """`POST /upload:{id}` with `file_offset` as a header. What arrives before a connection breaks is kept.

    With the last byte comes the handle. Meta does not document what a part before that is answered with; here it is
    the state of the session.
    """
    session = _session(call)
    _check(session, request)
    session.busy = True
    try:
        await _write(session, request)
    finally:
        session.busy = False
    if session.draft.size < session.file_length:
        return {"id": session.full_id, "file_offset": session.draft.size}
    return {"h": session.handle or call.world.uploads.finish(session)}


def _session(call: Call) -> Session:
    session = call.world.uploads.session(call.node.partition(":")[2])
    if session is None or session.app_id != call.token.app_id:
        raise errors.no_such_object(call.method, call.node)
    if call.query.get("sig") != session.signature:
        raise GraphError("Incorrect signature", code=104)
    return session


def _check(session: Session, request: web.Request) -> None:
    if "Authorization" not in request.headers:
        raise errors.token_missing()  # Meta: here the token must be a header
    offset = request.headers.get("file_offset")
    if offset is None:
        raise errors.parameter_required("file_offset")
    if session.busy:
        raise errors.parameter_wrong("Another request is uploading to this session.")
    if offset != str(session.draft.size):
        raise errors.parameter_wrong(f"Param file_offset must be {session.draft.size}, where the upload stands.")


async def _write(session: Session, request: web.Request) -> None:
    async for piece in request.content.iter_chunked(PIECE):
        if session.draft.size + len(piece) > session.file_length:
            raise errors.parameter_wrong(f"The file is longer than its file_length of {session.file_length} bytes.")
        session.draft.write(piece)
