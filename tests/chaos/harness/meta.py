"""Meta, as the simulator plays it in a process of its own: its controls, its people and its ledger."""

import asyncio
import os
import socket
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp

APP_ID = "910000000000001"
APP_SECRET = "the-app-secret-of-chaos"
VERIFY_TOKEN = "the-verify-token-of-chaos"
TOKEN = "EAAtokenOfTheChaosRunsNothingElse"
BUSINESS_ID = "910000000000002"

THROUGHPUT_MPS = 40
"""So little that a claim takes one or two messages: a kill leaves fewer in doubt than open the breaker."""

HASTE: dict[str, object] = {
    "webhook_retry_steps_s": [0.05, 0.1, 0.2, 0.4],
    "webhook_timeout_s": 5,
    "sent_delay_s": [0.01, 0.1],
    "delivered_delay_s": [0.01, 0.1],
}
"""Retries in place of Meta's hours, and phones that are near. Seconds."""

_PAGE = 10_000
Json = dict[str, Any]


class Meta:
    """To be entered. Runs until it is left."""

    def __init__(self, folder: Path, *, seed: int) -> None:
        self._folder = folder
        self._seed = seed
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self._process: asyncio.subprocess.Process | None = None
        self._session = aiohttp.ClientSession()
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    async def __aenter__(self) -> Self:
        fd = self._listener.fileno()
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("TREEEX_")}
        with (self._folder / "simulator.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "simulator", "--fd", str(fd), "--data", str(self._folder / "simulator")),
                *("--seed", str(self._seed)),
                env={**inherited, "TREEEX_PARENT_PID": str(os.getpid())},
                pass_fds=[fd],
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        await self._ask("GET", "health")
        await self.settle()
        await self._ask("PUT", f"apps/{APP_ID}", {"app_secret": APP_SECRET})
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._session.close()
        if self._process is not None:
            self._process.terminate()
            await self._process.wait()
        self._listener.close()

    async def settle(self, **settings: object) -> None:
        """Meta's haste, with these settings otherwise."""
        await self._ask("PUT", "settings", {**HASTE, **settings})

    async def lead_webhooks_to(self, url: str) -> None:
        """Needs an API that answers the handshake."""
        body = {"app_secret": APP_SECRET, "callback_url": url, "verify_token": VERIFY_TOKEN}
        await self._ask("PUT", f"apps/{APP_ID}", body)

    async def make_number(self, waba_id: str, number_id: str, shown: str, *, throughput_mps: int) -> None:
        """A number in an account of its own."""
        await self._ask("PUT", f"wabas/{waba_id}", {"business_id": BUSINESS_ID, "subscribed_apps": [APP_ID]})
        await self._ask(
            "PUT",
            f"numbers/{number_id}",
            {
                "waba_id": waba_id,
                "display_phone_number": shown,
                "throughput_mps": throughput_mps,
                # The product is given more time from grant to wire than its rates are reckoned with.
                "limits": {"throughput": "off", "pair": "off"},
            },
        )
        await self._ask("POST", "tokens", {"app_id": APP_ID, "waba_ids": [waba_id], "token": f"{TOKEN}{waba_id}"})

    async def allow(self, waba_id: str, number_id: str, mps: int) -> None:
        """From now on Meta takes so much of that number, and refuses more."""
        number = await self._ask("GET", f"numbers/{number_id}")
        body = {
            "waba_id": waba_id,
            "display_phone_number": number["display_phone_number"],
            "throughput_mps": mps,
            "limits": {"throughput": "enforce", "pair": "off"},
        }
        await self._ask("PUT", f"numbers/{number_id}", body)

    async def make_person(self, wa_id: str, *, replies_every: int) -> None:
        behaviour = {"reads": True, "read_delay_s": 0.05, "reply_every": replies_every}
        await self._ask("PUT", f"people/{wa_id}", {"name": f"Person {wa_id[-4:]}", "behaviour": behaviour})

    async def write(self, wa_id: str, number_id: str, text: str) -> None:
        """The person writes to the number."""
        await self._ask("POST", f"people/{wa_id}/messages", {"to": number_id, "text": text})

    async def plan(self, *rules: Json) -> None:
        """The faults from now on; none without rules."""
        await self._ask("PUT", "faults", list(rules))

    async def play(self, plan: str, *, seed: int, late_s: float) -> None:
        """A plan of the simulator, with the draws of this seed; `late_s` is longer than the product waits."""
        await self._ask("PUT", "faults", {"plan": plan, "seed": seed, "late_s": late_s})

    async def is_quiet(self) -> bool:
        """Whether nothing is scheduled, and every webhook was acknowledged."""
        summary = await self._ask("GET", "ledger/summary")
        return bool(summary["scheduled"] == 0 and summary["webhooks"]["pending_updates"] == 0)

    async def last_seq(self) -> int:
        summary = await self._ask("GET", "ledger/summary")
        return int(summary["last_seq"])

    async def ledger(self, after: int) -> list[Json]:
        """Its entries after that one."""
        entries: list[Json] = []
        while True:
            page = await self._ask("GET", f"ledger?after={after}&limit={_PAGE}")
            entries += page["entries"]
            after = page["next_after"]
            if after >= page["last_seq"]:
                return entries

    async def _ask(self, method: str, path: str, body: object = None) -> Json:
        async with self._session.request(method, f"{self.url}/_sim/{path}", json=body) as answer:
            told: Json = await answer.json(content_type=None)
            assert answer.status < 300, f"{method} {path}: {told}"
            return told
