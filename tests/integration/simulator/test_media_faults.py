"""Planned faults on media: each is what it says, is on record, and ends when it is told to."""

import hashlib

import aiohttp
import pytest

from simulator import samples

ANN, NUMBER, TOKEN = "15550100001", "300000000000003", "EAAtokenOfTheTests0001"
CLIP = samples.read("clip.mp4")
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
async def media_id(simulator) -> str:
    await simulator.control("POST", f"people/{ANN}/messages", {"to": NUMBER, "sample": "clip.mp4"})
    (media,) = (await simulator.control("GET", "media"))["data"]
    return media["id"]


async def plan(simulator, *rules: dict) -> None:
    await simulator.control("PUT", "faults", list(rules))


async def look_up(simulator, media_id: str):
    return await simulator.graph("GET", f"/v26.0/{media_id}?phone_number_id={NUMBER}")


async def download(simulator, media_id: str):
    url = (await look_up(simulator, media_id)).json["url"]
    async with simulator.session.get(url, headers=BEARER, allow_redirects=False) as answer:
        return answer.status, answer.headers, await answer.read()


async def test_gone_before_its_time_at_its_address(simulator, media_id):
    await plan(simulator, {"kind": "media_gone", "count": 1})
    assert (await download(simulator, media_id))[0] == 404
    assert (await download(simulator, media_id))[0] == 200


async def test_gone_before_its_time_in_the_look_up(simulator, media_id):
    await plan(simulator, {"kind": "media_gone", "step": "lookup", "count": 1})
    answer = await look_up(simulator, media_id)
    assert (answer.status, answer.error["code"], answer.error["error_subcode"]) == (400, 100, 33)
    assert (await look_up(simulator, media_id)).status == 200


async def test_a_server_error(simulator, media_id):
    await plan(simulator, {"kind": "media_error", "http": 503})
    assert (await download(simulator, media_id))[0] == 503


async def test_a_redirect_elsewhere(simulator, media_id):
    await plan(simulator, {"kind": "media_redirect", "location": "http://elsewhere.invalid/", "http": 307})
    status, headers, content = await download(simulator, media_id)
    assert (status, headers["Location"], content) == (307, "http://elsewhere.invalid/", b"")


async def test_a_digest_that_the_bytes_do_not_have(simulator, media_id):
    await plan(simulator, {"kind": "media_wrong_digest"})
    told = (await look_up(simulator, media_id)).json["sha256"]
    _, _, content = await download(simulator, media_id)
    assert (len(told), told == hashlib.sha256(content).hexdigest()) == (64, False)
    assert content == CLIP


async def test_altered_bytes(simulator, media_id):
    await plan(simulator, {"kind": "media_altered"})
    _, _, content = await download(simulator, media_id)
    assert (content[:-1], len(content)) == (CLIP[:-1], len(CLIP))
    assert content[-1] != CLIP[-1]


async def test_a_cut_in_the_middle(simulator, media_id):
    await plan(simulator, {"kind": "media_cut"})
    with pytest.raises(aiohttp.ClientPayloadError):
        await download(simulator, media_id)


async def test_half_of_the_bytes_as_if_they_were_all(simulator, media_id):
    await plan(simulator, {"kind": "media_short"})
    status, headers, content = await download(simulator, media_id)
    assert (status, content) == (200, CLIP[: len(CLIP) // 2])
    assert headers["Content-Length"] == str(len(content))


@pytest.mark.parametrize("told", [True, False])
async def test_more_bytes_than_announced(simulator, media_id, told):
    await plan(simulator, {"kind": "media_longer", "bytes": 600_000, "told": told})
    _, headers, content = await download(simulator, media_id)
    assert (content[: len(CLIP)], len(content)) == (CLIP, len(CLIP) + 600_000)
    assert headers.get("Content-Length") == (str(len(content)) if told else None)


async def test_a_wrong_content_type(simulator, media_id):
    await plan(simulator, {"kind": "media_wrong_type"})
    _, headers, content = await download(simulator, media_id)
    assert (headers["Content-Type"], content) == ("text/html", CLIP)


async def test_a_slow_drip_brings_it_all(simulator, media_id):
    await plan(simulator, {"kind": "media_drip", "seconds": 0.2})
    assert (await download(simulator, media_id))[2] == CLIP


async def test_a_slow_drip_outlasts_an_impatient_client(simulator, media_id):
    await plan(simulator, {"kind": "media_drip", "seconds": 3600})
    url = (await look_up(simulator, media_id)).json["url"]
    with pytest.raises(TimeoutError):
        async with simulator.session.get(url, headers=BEARER, timeout=aiohttp.ClientTimeout(total=0.5)) as answer:
            await answer.read()


async def test_a_fault_is_on_record(simulator, media_id):
    await plan(
        simulator, {"kind": "media_short", "count": 1}, {"kind": "media_error", "where": {"phone_number_id": "1"}}
    )
    await download(simulator, media_id)
    await download(simulator, media_id)
    entries = await simulator.ledger()
    (fault,) = [entry for entry in entries if entry["kind"] == "fault"]
    told = {key: fault[key] for key in ("fault", "rule", "step", "media_id", "phone_number_id")}
    wanted = {"fault": "media_short", "rule": 0, "step": "download", "media_id": media_id, "phone_number_id": NUMBER}
    assert told == wanted
    assert [entry["event"] for entry in entries if entry["kind"] == "media"] == ["download", "download"]
    assert [rule["injected"] for rule in (await simulator.control("GET", "faults"))["data"]] == [1, 0]


async def test_a_share_strikes_by_chance_from_the_seed(start_simulator, receiver):
    async def outcome(seed: str) -> list[int]:
        simulator = await start_simulator("--seed", seed)
        await simulator.configure(receiver.url)
        await simulator.control("POST", f"people/{ANN}/messages", {"to": NUMBER, "sample": "photo.jpg"})
        (media,) = (await simulator.control("GET", "media"))["data"]
        await plan(simulator, {"kind": "media_gone", "share": 0.5})
        return [(await download(simulator, media["id"]))[0] for _ in range(20)]

    first = await outcome("7")
    assert {*first} == {200, 404}
    assert await outcome("7") == first


@pytest.mark.parametrize(
    "rule",
    [
        {"kind": "media_gone", "where": {"recipient": ANN}},
        {"kind": "media_gone", "step": "upload"},
        {"kind": "media_altered", "step": "lookup"},
        {"kind": "media_redirect"},
        {"kind": "media_redirect", "location": "javascript:alert(1)"},
        {"kind": "media_drip"},
        {"kind": "media_error", "http": 404},
        {"kind": "media_longer", "bytes": 0},
    ],
)
async def test_a_rule_that_makes_no_sense_is_refused(shared_simulator, rule):
    answer = await shared_simulator.call("PUT", "/_sim/faults", [rule])
    assert answer.status == 400
    assert "the body cannot be used" in answer.error["message"]
