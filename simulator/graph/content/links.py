"""Web addresses in messages: they must be http or https, and nothing of them is fetched. Called by the checkers."""

from __future__ import annotations

from simulator.graph.parameters import Length, Parameters

URL = Length(2048)

_SCHEMES = ("http://", "https://")


def read_url(given: Parameters, key: str) -> None:
    url = given.text(key, URL)
    scheme = next((scheme for scheme in _SCHEMES if url.lower().startswith(scheme)), None)
    if scheme is None or len(url) == len(scheme) or any(c.isspace() for c in url):
        raise given.wrong(key, "is not a valid URL.")
