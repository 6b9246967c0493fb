"""Access tokens, and the proof that goes with them."""

from server.whatsapp.access_token import AccessToken, of_app, proven


def test_the_proof_is_keyed_with_the_secret() -> None:
    """RFC 4231, test case 2: an HMAC-SHA256 that others have reckoned."""
    token = proven("what do ya want for nothing?", "Jefe")
    assert token.text == "what do ya want for nothing?"
    assert token.proof == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"


def test_an_apps_own_token_needs_no_proof() -> None:
    assert of_app("123", "a-secret") == AccessToken("123|a-secret", None)


def test_it_never_shows_itself() -> None:
    token = proven("EAAcanary", "the-secret")
    assert "EAAcanary" not in f"{token} {token!r} {[token]}"
    assert str(token.proof) not in f"{token} {token!r} {[token]}"
