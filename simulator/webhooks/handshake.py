"""The GET by which Meta checks a callback before it uses it (Meta: webhooks, verification requests).

Called by the control API when an app's callback is set. It never changes anything itself.
"""

from __future__ import annotations

import asyncio
import secrets

import aiohttp

_TIMEOUT_S = 10.0


async def handshake_failure(session: aiohttp.ClientSession, callback_url: str, verify_token: str) -> str | None:
    """None when the callback answered 200 with the very challenge; otherwise what it did instead."""
    challenge = str(secrets.randbelow(9 * 10**9) + 10**9)
    question = {"hub.mode": "subscribe", "hub.challenge": challenge, "hub.verify_token": verify_token}
    try:
        async with (
            asyncio.timeout(_TIMEOUT_S),
            session.get(callback_url, params=question, allow_redirects=False) as answer,
        ):
            body = await answer.content.read(len(challenge) + 1)
            if answer.status != 200:
                return f"it answered {answer.status} instead of 200"
            return None if body == challenge.encode() else "it answered 200, but not with the challenge alone"
    except TimeoutError:
        return f"it did not answer within {_TIMEOUT_S:.0f} s"
    except (aiohttp.ClientError, ValueError) as error:
        return f"it could not be reached ({type(error).__name__})"
