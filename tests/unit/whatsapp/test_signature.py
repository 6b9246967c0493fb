"""Meta's signature: the very bytes, one of the app's secrets, and Meta's exact form."""

import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.whatsapp.signature import Signer, is_authentic, is_well_formed

BODY = b'{"a":"\\u00e4"}'


def test_a_known_signature() -> None:
    # From an independent HMAC tool: key "secret", message "hello".
    assert (
        Signer(b"secret").sign(b"hello") == b"sha256=88aab3ede8d3adf94d26ab90d3bafd4a2083070c3bcce9c014ee04a443847c0b"
    )


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=3), st.binary(max_size=200))
def test_a_signer_signs_as_hmac_does_each_time_anew(bodies: list[bytes], secret: bytes) -> None:
    signer = Signer(secret)
    for body in bodies:
        assert signer.sign(body) == b"sha256=" + hmac.new(secret, body, "sha256").hexdigest().encode()


def test_either_of_two_secrets_verifies() -> None:
    for used in (b"current", b"previous"):
        assert is_authentic(BODY, [Signer(used).sign(BODY)], [Signer(b"current"), Signer(b"previous")])
    assert not is_authentic(BODY, [Signer(b"previous").sign(BODY)], [Signer(b"current")])
    assert not is_authentic(BODY, [Signer(b"current").sign(BODY)], [])


@pytest.mark.proves("S11")
@given(st.binary(max_size=200), st.binary(min_size=1, max_size=40), st.integers(0, 10_000))
def test_any_changed_bit_is_noticed(body: bytes, secret: bytes, where: int) -> None:
    signer = Signer(secret)
    header = signer.sign(body)
    assert is_authentic(body, [header], [signer])
    changed = bytearray(body + b"x")
    changed[where % len(changed)] ^= 1
    assert not is_authentic(bytes(changed), [header], [signer])


@pytest.mark.proves("S11")
@pytest.mark.parametrize(
    "headers",
    [
        [],
        [b""],
        [b"sha256="],
        [b"sha256=" + b"a" * 63],
        [b"sha256=" + b"a" * 65],
        [b"sha256=" + b"A" * 64],
        [b"sha256=" + b"g" * 64],
        [b"sha1=" + b"a" * 40],
        [b"SHA256=" + b"a" * 64],
        [b"a" * 64],
        [b" sha256=" + b"a" * 64],
        [b"sha256=" + b"a" * 64 + b"\n"],
        [b"sha256=" + "٣".encode() * 32],
        [b"sha256=" + b"a" * 64, b"sha256=" + b"a" * 64],
    ],
)
def test_a_malformed_signature_is_known_without_the_body(headers: list[bytes]) -> None:
    assert not is_well_formed(headers)
    assert not is_authentic(BODY, headers, [Signer(b"secret")])


@pytest.mark.proves("S11")
def test_the_comparison_takes_the_same_time_wherever_it_differs() -> None:
    """By the function that it uses: a clock would only measure the machine."""
    import inspect

    from server.whatsapp import signature

    source = inspect.getsource(signature.is_authentic)
    assert "hmac.compare_digest" in source
    assert "==" not in source
