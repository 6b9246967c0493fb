"""The connection to Valkey or Redis (7 or later). It is disposable: every caller copes with its absence."""

from typing import Any

import redis.asyncio as redis
from redis.backoff import NoBackoff
from redis.connection import HiredisRespSerializer
from redis.exceptions import RedisError
from redis.retry import Retry

UNREACHABLE = (RedisError, OSError, TimeoutError)
"""What any call raises when the server is away, slow, full or read-only."""

Valkey = redis.Redis


def connect(url: str, *, timeout_s: float = 1.0) -> Valkey:
    """A client with a pool. No connection is made yet; nothing is retried here, because callers have a way without."""
    client = redis.Redis.from_url(
        url,
        socket_timeout=timeout_s,
        socket_connect_timeout=timeout_s,
        retry=Retry(NoBackoff(), 0),
        health_check_interval=15,
        decode_responses=False,
    )
    pool = client.connection_pool
    pool.connection_class = type("Connection", (_PacksInC, pool.connection_class), {})
    return client


class _PacksInC:
    """Asynchronous connections of redis-py read answers in C but write commands in Python, an argument at a time. That
    takes longer than a script of ours with a hundred arguments; synchronous ones write in C too.
    """

    def pack_command(self, *arguments: Any) -> list[bytes]:
        packed: list[bytes] = _PACKER.pack(*arguments)
        return packed


_PACKER = HiredisRespSerializer()


async def server_version(client: Valkey) -> str:
    """Such as `valkey 9.1.2`. Raises one of UNREACHABLE."""
    info = await client.info("server")
    if "valkey_version" in info:
        return f"valkey {info['valkey_version']}"
    return f"redis {info['redis_version']}"
