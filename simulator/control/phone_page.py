"""`GET /_sim/phone`: a page with the phones of all people, for whoever wants to chat with the product by hand.

One file without anything from elsewhere; all that it does goes through the control API.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from aiohttp import web

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; connect-src 'self'; img-src 'self'; media-src 'self'; "
        "style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}


class PhonePage:
    def routes(self) -> list[web.RouteDef]:
        return [web.get("/_sim/phone", self.show)]

    async def show(self, _request: web.Request) -> web.Response:
        return web.Response(text=_page(), content_type="text/html", headers=_HEADERS)


@cache
def _page() -> str:
    return files(__package__).joinpath("phone.html").read_text(encoding="utf-8")
