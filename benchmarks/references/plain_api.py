"""`python -m benchmarks.references.plain_api --database URL`: a plain FastAPI route as a tutorial shows it.

A Pydantic model and one INSERT a request: no key, no idempotency, no gates, no outbox.
"""

import argparse
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Literal
from uuid import uuid4

import asyncpg
import uvicorn
from fastapi import FastAPI, Request
from pydantic import BaseModel, Field

_POOL = 10
_TABLE = """
CREATE TABLE IF NOT EXISTS plain_messages (
  id uuid PRIMARY KEY, sender text NOT NULL, recipient text NOT NULL, body text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
)
"""


class Text(BaseModel):
    body: Annotated[str, Field(min_length=1, max_length=4096)]


class Message(BaseModel):
    sender: Annotated[str, Field(alias="from")]
    to: str
    type: Literal["text"]
    text: Text


def make_app(database: str) -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with asyncpg.create_pool(database, min_size=_POOL, max_size=_POOL) as pool:
            await pool.execute(_TABLE)
            app.state.pool = pool
            yield

    app = FastAPI(lifespan=lifespan)

    @app.post("/v1/messages", status_code=202)
    async def send(request: Request, message: Message) -> dict[str, str]:
        id_ = uuid4()
        await request.app.state.pool.execute(
            "INSERT INTO plain_messages (id, sender, recipient, body) VALUES ($1, $2, $3, $4)",
            *(id_, message.sender, message.to, message.text.body),
        )
        return {"id": str(id_), "state": "queued"}

    return app


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--database", required=True)
    given = parser.parse_args()
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    print(f"listening on http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    config = uvicorn.Config(make_app(given.database), http="httptools", loop="uvloop", log_level="error")
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
