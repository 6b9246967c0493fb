"""Requests that share a query: whoever asks gets what was found after they asked, and nobody waits for ever."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from server.services.shared_lookup import SharedLookup


class Store:
    """Answers a query only when it is let to, from what is there by then."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}
        self.asked: list[set[str]] = []
        self.may_answer = asyncio.Semaphore(0)
        self.fails = False

    async def find(self, names: Sequence[str]) -> Mapping[str, str]:
        self.asked.append(set(names))
        found = {name: self.known[name] for name in names if name in self.known}
        await self.may_answer.acquire()
        if self.fails:
            raise OSError("the server is away")
        return found


async def begun(*requests: asyncio.Task) -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_who_comes_during_a_query_shares_the_next_and_sees_what_was_changed_before_it_came() -> None:
    store = Store()
    store.known["a"] = "old"
    lookup = SharedLookup(store.find)
    first = asyncio.create_task(lookup.get("a"))
    await begun(first)
    store.known["a"] = "new"
    later = [asyncio.create_task(lookup.get(name)) for name in ("a", "a", "b")]
    await begun(*later)
    assert store.asked == [{"a"}]
    store.may_answer.release()
    store.may_answer.release()
    assert await first == "old"
    assert [await one for one in later] == ["new", "new", None]
    assert store.asked == [{"a"}, {"a", "b"}]


async def test_a_query_that_fails_fails_for_those_who_shared_it_and_for_nobody_else() -> None:
    store = Store()
    lookup = SharedLookup(store.find)
    together = [asyncio.create_task(lookup.get(name)) for name in ("a", "b")]
    await begun(*together)
    store.fails = True
    store.may_answer.release()
    for one in together:
        with pytest.raises(OSError, match="away"):
            await one
    store.fails = False
    store.known["a"] = "there"
    store.may_answer.release()
    assert await lookup.get("a") == "there"


async def test_who_leaves_takes_nobody_along() -> None:
    store = Store()
    store.known["a"] = "there"
    lookup = SharedLookup(store.find)
    leaving, staying = (asyncio.create_task(lookup.get("a")) for _ in range(2))
    await begun(leaving, staying)
    leaving.cancel()
    await begun(leaving)
    store.may_answer.release()
    assert await staying == "there"
    assert leaving.cancelled()
