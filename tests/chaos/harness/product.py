"""The product: its roles as processes on given servers, with times that are compressed."""

import asyncio
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from server.core.config import Settings
from tests.chaos.harness.keeper import Arms, Keeper
from tests.harness.forks import Fork, Zygote
from tests.harness.waiting import until

SEND_TIMEOUT_S = 1.5
WINDOW_S = 3.0
HASTE: dict[str, object] = {
    "send_timeout_s": SEND_TIMEOUT_S,
    "rescue_margin_s": 0.5,
    "reconcile_window_s": WINDOW_S,
    "webhook_lease_s": 1,
    "drain_timeout_s": 5,
    "grant_to_wire_ms": 1000,
}
"""Seconds in place of a quarter of an hour. The machine may be slow between a grant and the wire; nothing here looks at
rates."""

ARGUMENTS = {
    "api": ("api",),
    "outbound": ("worker", "outbound"),
    "webhook": ("worker", "webhook"),
    "maintenance": ("worker", "maintenance"),
}
NO_ARMS = Arms()


@dataclass
class Product:
    """`settings` tells where the servers are. Roles are started one by one and stopped all together."""

    zygote: Zygote
    settings: Settings
    folder: Path
    listener: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0), backlog=512))
    roles: dict[str, Keeper] = field(default_factory=dict)

    @property
    def port(self) -> int:
        return int(self.listener.getsockname()[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def log(self, role: str) -> Path:
        return self.folder / f"{role.replace(' ', '-')}.log"

    async def run(self, role: str, *, arms: Arms = NO_ARMS, mutant: str | None = None, **settings: object) -> Keeper:
        """Starts the role, in place of the one that runs. With settings of its own, or as a mutant.

        A number behind its name, as in `outbound 2`, makes it another one.
        """
        await self.stop(role)
        listener = self.listener if role == "api" else None
        environment = self._environment(settings)

        async def start(failpoints: str) -> Fork:
            return await self.zygote.fork(
                ARGUMENTS[role.partition(" ")[0]],
                {**environment, "TREEEX_FAILPOINTS": failpoints},
                self.log(role),
                listener=listener,
                mutant=mutant,
            )

        plain = arms == NO_ARMS and mutant is None and not settings
        keeper = self.roles[role] = Keeper(role, start, arms, plain)
        await keeper.run()
        return keeper

    async def run_all(self) -> None:
        """Every role that does not run."""
        await asyncio.gather(*(self.run(role) for role in ARGUMENTS if role not in self.roles))

    async def heal(self) -> None:
        """Ends what is more than one of each role, and what was given arms, settings or a mutant; runs every role."""
        await self.stop(*(role for role, keeper in self.roles.items() if role not in ARGUMENTS or not keeper.plain))
        await self.run_all()
        await self.answers()

    async def stop(self, *roles: str) -> None:
        await asyncio.gather(*(self.roles.pop(role).stop() for role in roles if role in self.roles))

    async def close(self) -> None:
        await self.stop(*self.roles)
        self.listener.close()

    async def answers(self) -> None:
        """Waits until the API does."""

        async def healthy() -> bool:
            try:
                async with aiohttp.request("GET", f"{self.url}/healthz") as answer:
                    return answer.status == 200
            except (aiohttp.ClientError, OSError):
                return False

        await until(healthy, f"the API answers (its log: {self.log('api')})")

    def _environment(self, settings: Mapping[str, object]) -> dict[str, str]:
        urls = ("database_url", "worker_database_url", "valkey_url")
        named = {name: getattr(self.settings, name).get_secret_value() for name in urls}
        given = {
            **named,
            "config": os.devnull,
            "keyring_file": self.settings.keyring_file,
            "graph_url": self.settings.graph_url,
            "parent_pid": self.zygote.pid,
            **HASTE,
            **settings,
        }
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("TREEEX_")}
        return {**inherited, **{f"TREEEX_{name.upper()}": str(value) for name, value in given.items()}}
