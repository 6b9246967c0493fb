from simulator.webhooks.signing import signature_headers
from simulator.webhooks.updates import Update, encode_change, envelope

# Computed with: printf '{"a":"gr\\u00fcn"}' | openssl dgst -sha256 -hmac app-secret
BODY = rb'{"a":"gr\u00fcn"}'
SHA256 = "ea25423151f583b27190f01e3fda44aa3fa516098269d1c8916d72293c8f92a7"
SHA1 = "c7c8e847004c9a0e5a6764942548d70c8b54badc"


def test_signs_the_very_bytes_with_the_app_secret():
    headers = signature_headers(BODY, "app-secret")
    assert headers["X-Hub-Signature-256"] == f"sha256={SHA256}"
    assert headers["X-Hub-Signature"] == f"sha1={SHA1}"


def test_another_secret_or_body_gives_another_signature():
    wanted = signature_headers(BODY, "app-secret")["X-Hub-Signature-256"]
    assert signature_headers(BODY, "other")["X-Hub-Signature-256"] != wanted
    assert signature_headers(BODY + b"\n", "app-secret")["X-Hub-Signature-256"] != wanted


def test_the_envelope_groups_changes_by_account_and_equals_the_encoding_of_the_whole():
    first = encode_change("messages", {"text": "ä/ö"})
    second = encode_change("messages", {"n": 2})
    third = encode_change("account_update", {"n": 3})
    body = envelope([Update(1, "10", first), Update(2, "20", second), Update(3, "10", third)])
    assert body == (
        rb'{"object":"whatsapp_business_account","entry":['
        rb'{"id":"10","changes":[{"value":{"text":"\u00e4\/\u00f6"},"field":"messages"},'
        rb'{"value":{"n":3},"field":"account_update"}]},'
        rb'{"id":"20","changes":[{"value":{"n":2},"field":"messages"}]}]}'
    )
