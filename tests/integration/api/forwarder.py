"""Stands between a client and a server's Unix socket, and can be cut: an outage without stopping the server."""

import asyncio
import contextlib
from pathlib import Path


class Forwarder:
    """Listens on `path` and passes everything on to `target`."""

    def __init__(self, path: Path, target: Path) -> None:
        self._path = path
        self._target = target
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def mend(self) -> None:
        """Takes connections again."""
        self._server = await asyncio.start_unix_server(self._forward, self._path)

    async def cut(self) -> None:
        """Refuses new connections and cuts those that there are."""
        if self._server is not None:
            self._server.close()
            self._path.unlink(missing_ok=True)
        for writer in list(self._writers):
            writer.transport.abort()
        self._server = None

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            onward, outward = await asyncio.open_unix_connection(self._target)
        except OSError:
            writer.close()
            return
        self._writers |= {writer, outward}
        await asyncio.gather(_pump(reader, outward), _pump(onward, writer))
        self._writers -= {writer, outward}


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()
