"""A request body that can be halted half-way, for the failpoints `ow.partial_write` and `ow.written`.

`whatsapp.graph` uses it only while failpoints are set; otherwise bodies go out in one piece.
"""

import asyncio
from typing import Any

from aiohttp.payload import BytesPayload

from server.core.failpoints import fp

_TURNS = 3
"""The loop writes what it was given in its next turns, not at once. An answer takes longer than that to be read, and
would end the writing before the last failpoint."""


class HaltingBody(BytesPayload):
    """Goes out in two halves, each flushed before its failpoint."""

    async def write_with_length(self, writer: Any, content_length: int | None) -> None:
        raw: bytes = self._value
        half = len(raw) // 2
        await writer.write(raw[:half])
        await _flushed()
        fp("ow.partial_write")
        await writer.write(raw[half:])
        await _flushed()
        fp("ow.written")


async def _flushed() -> None:
    for _ in range(_TURNS):
        await asyncio.sleep(0)
