"""Commands are written in C by every kind of connection, and are the same as redis-py's own."""

import pytest
import redis.asyncio as redis

from server.core.valkey import connect

COMMANDS = [
    ("CONFIG GET", "maxmemory"),
    ("EVALSHA", "0" * 40, 1, b"key", b"\x00\xff", "text é", -1, 0.25, 1 << 53),
]


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1", "rediss://127.0.0.1:1", "unix:///nowhere"])
@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_a_command_is_the_same_whoever_writes_it(url: str, command: tuple) -> None:
    ours = connect(url).connection_pool.make_connection()
    plain = redis.Redis.from_url(url).connection_pool.make_connection()
    assert isinstance(ours, type(plain))
    assert b"".join(ours.pack_command(*command)) == b"".join(plain.pack_command(*command))
