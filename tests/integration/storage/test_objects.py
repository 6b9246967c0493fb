"""Objects are the same in a folder, in S3 and in Azure Blob."""

import io
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from server.services import doctor
from server.storage import ObjectMissing, Objects, StorageAway, open_url
from tests.integration.storage import stores

LARGE = os.urandom(12 * 2**20 + 7)
"""More than two parts of an upload, and no whole number of them."""
KINDS = {"folder": stores.folder, "s3": stores.s3, "azure": stores.azure}


@pytest.fixture(scope="module", params=["folder", "s3", pytest.param("azure", marks=pytest.mark.long)])
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def objects(kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Objects]:
    with KINDS[kind](tmp_path_factory.mktemp(kind)) as store, stores.environment(store.variables):
        yield open_url(store.url)


async def read(objects: Objects, key: str) -> bytes:
    return b"".join([piece async for piece in await objects.open(key)])


async def test_what_was_put_is_read_again_whole(objects: Objects) -> None:
    for key, content in (("a/empty", b""), ("a/small", b"hello"), ("a/large", LARGE)):
        await objects.put(key, io.BytesIO(content))
        assert await objects.holds(key)
        assert await read(objects, key) == content
    await objects.put("a/small", io.BytesIO(b"something else"))
    assert await read(objects, "a/small") == b"something else"


async def test_what_is_not_there_is_told_apart_from_a_store_that_is_away(objects: Objects) -> None:
    assert not await objects.holds("never/put")
    with pytest.raises(ObjectMissing):
        await objects.open("never/put")
    await objects.delete("never/put")
    await objects.put("once/put", io.BytesIO(b"x"))
    await objects.delete("once/put")
    assert not await objects.holds("once/put")


async def test_keys_are_listed_by_prefix_and_age(objects: Objects) -> None:
    for name in ("one", "two/three"):
        await objects.put(f"listed/{name}", io.BytesIO(b"x"))
    await objects.put("elsewhere/one", io.BytesIO(b"x"))
    now = datetime.now(UTC)
    later = {key async for page in objects.keys("listed", before=now + timedelta(minutes=5)) for key in page}
    assert later == {"listed/one", "listed/two/three"}
    assert [key async for page in objects.keys("listed", before=now - timedelta(hours=1)) for key in page] == []


async def test_a_signed_address_is_read_by_anybody_and_by_nobody_when_it_was_changed(objects, kind) -> None:
    await objects.put("shown", io.BytesIO(b"to be seen"))
    url = await objects.signed_url("shown", seconds=60)
    if kind == "folder":
        assert url is None
        return
    assert url is not None
    assert stores.fetch(url) == (200, b"to be seen")
    if kind == "azure":  # moto does not look at signatures
        assert stores.fetch(url.replace("shown", "hidden"))[0] == 403


async def test_the_doctor_finds_it_well(objects: Objects) -> None:
    finding = await doctor.storage(objects)
    assert finding.ok, finding.detail
    assert [key async for page in objects.keys("doctor", before=datetime.now(UTC)) for key in page] == []


async def test_the_doctor_says_what_is_wrong_with_one_that_does_not_answer() -> None:
    nowhere = {
        "AWS_ENDPOINT": "http://127.0.0.1:9",
        "AWS_ALLOW_HTTP": "true",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "tests",
        "AWS_SECRET_ACCESS_KEY": "secret of tests",
        "AWS_MAX_RETRIES": "0",
    }
    with stores.environment(nowhere):
        objects = open_url("s3://nowhere")
        finding = await doctor.storage(objects)
    assert not finding.ok
    assert finding.mend is not None
    assert "TREEEX_STORAGE_URL" in finding.mend
    assert "secret of tests" not in finding.detail
    with pytest.raises(StorageAway):
        await objects.holds("x")
