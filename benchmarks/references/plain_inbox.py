"""`python -m benchmarks.references.plain_inbox --database URL --secret SECRET`: a webhook route as a tutorial shows it.

FastAPI, the signature verified, one INSERT a request.
"""

import argparse
import hashlib
import hmac
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated
from uuid import uuid4

import asyncpg
import uvicorn
from fastapi import FastAPI, Header, HTTPException, Request

_POOL = 10
_TABLE = """
CREATE TABLE IF NOT EXISTS plain_webhooks (
  id uuid PRIMARY KEY, body bytea NOT NULL, received_at timestamptz NOT NULL DEFAULT now()
)
"""


def make_app(database: str, secret: str, url: str) -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with asyncpg.create_pool(database, min_size=_POOL, max_size=_POOL) as pool:
            await pool.execute(_TABLE)
            app.state.pool = pool
            print(f"listening on {url}", flush=True)
            yield

    app = FastAPI(lifespan=lifespan)

    @app.post("/webhooks/whatsapp")
    async def receive(request: Request, x_hub_signature_256: Annotated[str, Header()]) -> dict[str, bool]:
        body = await request.body()
        expected = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected, x_hub_signature_256):
            raise HTTPException(401)
        await request.app.state.pool.execute("INSERT INTO plain_webhooks (id, body) VALUES ($1, $2)", uuid4(), body)
        return {"ok": True}

    return app


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--database", required=True)
    parser.add_argument("--secret", required=True)
    given = parser.parse_args()
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    app = make_app(given.database, given.secret, f"http://127.0.0.1:{listener.getsockname()[1]}")
    config = uvicorn.Config(app, http="httptools", loop="uvloop", log_level="error")
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
