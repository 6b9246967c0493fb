"""Where the token of a number may go, and how Meta tells digests."""

import base64
import hashlib

import pytest
from yarl import URL

from server.whatsapp.downloads import Pace, digest_of, is_metas

GRAPH = URL("https://graph.example.com")
SHA = hashlib.sha256(b"a file").digest()


@pytest.mark.parametrize(
    "url",
    [
        "https://graph.example.com/any/path?mid=1",
        "https://graph.example.com:443/",
        "https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1&ext=2&hash=3",
        "https://LOOKASIDE.fbsbx.com/",
        "https://scontent.xx.fbcdn.net/v/1",
        "https://mmg.whatsapp.net/v/1",
    ],
)
def test_the_token_goes_to_meta(url: str) -> None:
    assert is_metas(URL(url), graph=GRAPH)


@pytest.mark.parametrize(
    "url",
    [
        "http://graph.example.com/",
        "https://graph.example.com:8443/",
        "https://graph.example.com.evil.example/",
        "https://graph.example.com@evil.example/",
        "https://someone@graph.example.com/",
        "http://lookaside.fbsbx.com/",
        "https://lookaside.fbsbx.com:444/",
        "https://lookaside.fbsbx.com@evil.example/",
        "https://lookaside.fbsbx.com.evil.example/",
        "https://evil-lookaside.fbsbx.com/",
        "https://notfbcdn.net/",
        "https://fbcdn.net.evil.example/",
        "https://evil.example/#.fbcdn.net",
        "https://evil.example\\.fbcdn.net/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "ftp://lookaside.fbsbx.com/",
    ],
)
def test_the_token_goes_nowhere_else(url: str) -> None:
    try:
        parsed = URL(url)
    except ValueError:
        return  # no address at all
    assert not is_metas(parsed, graph=GRAPH)


@pytest.mark.parametrize(
    "told", [SHA.hex(), SHA.hex().upper(), base64.b64encode(SHA).decode(), base64.b64encode(SHA).decode().rstrip("=")]
)
def test_a_digest_is_read_as_meta_tells_it(told: str) -> None:
    assert digest_of(told) == SHA


@pytest.mark.parametrize("told", [None, "", 7, "abc", "é", SHA.hex()[:-2], base64.b64encode(SHA[:-1]).decode()])
def test_what_is_no_digest_is_none(told: object) -> None:
    assert digest_of(told) is None


def test_every_byte_buys_time_up_to_the_whole() -> None:
    pace = Pace(total_s=100, grace_s=10, least_bytes_a_second=1000)
    assert [pace.allowed_s(size) for size in (0, 1000, 50_000, 10**9)] == [10, 11, 60, 100]
