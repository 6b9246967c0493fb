"""The API as an ASGI application. `treeex api` serves it; tests make one with their own settings."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi.middleware.asyncexitstack import AsyncExitStackMiddleware
from fastapi.responses import JSONResponse
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import Request
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from server import __version__
from server.api import (
    api_keys,
    batches,
    cancellations,
    conversations,
    explanations,
    handlers,
    health,
    media,
    message_files,
    messages,
    openapi,
    phone_numbers,
    receipts,
    resolutions,
    webhooks,
)
from server.api.edge import Edge
from server.api.intake import BodyLimits, Intake
from server.api.straight import Straight
from server.api.webhooks import WebhookEndpoint
from server.bootstrap import api_runtime
from server.core.config import Settings
from server.services.bundle import Services

Runtime = Callable[[Settings], AbstractAsyncContextManager[Services]]
"""Connects, yields the services, and closes everything."""

ROUTES = (
    messages.sending,
    batches.routes,
    messages.routes,
    cancellations.routes,
    explanations.routes,
    resolutions.routes,
    message_files.routes,
    receipts.routes,
    media.routes,
    conversations.routes,
    phone_numbers.routes,
    api_keys.routes,
    health.routes,
)


class Application(FastAPI):
    """FastAPI with the layers that it needs and ours; those that it brings along do what the edge does already.

    Webhooks that come here pass by all of it but the edge, and sends by all but edge and intake: its layers and its
    search for a route cost more than taking one in.
    """

    def __init__(self, limits: BodyLimits, webhook_endpoint: WebhookEndpoint, **options: Any) -> None:
        self._limits = limits
        self._webhooks = Edge(webhook_endpoint)
        self._straight: dict[tuple[str, str], ASGIApp] = {}
        super().__init__(**options)
        self.state.webhook_endpoint = webhook_endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
        elif (straight := self._straight.get((scope["method"], scope["path"]))) is not None:
            scope["app"] = self
            await straight(scope, receive, send)
        elif webhooks.is_for(scope["path"]):
            scope["app"] = self
            await self._webhooks(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)

    def take(self, routes: Sequence[BaseRoute]) -> None:
        """Adds routes, as they are."""
        self.router.routes.extend(routes)
        for route in routes:
            if isinstance(route, Straight):
                app = Edge(Intake(route.app, limits=self._limits))
                self._straight |= {(method, route.path): app for method in route.methods or ()}

    def build_middleware_stack(self) -> ASGIApp:
        """From outside: edge, intake, what turns exceptions into problems, what closes dependencies."""
        inner = ExceptionMiddleware(AsyncExitStackMiddleware(self.router), handlers=self.exception_handlers)
        return Edge(Intake(inner, limits=self._limits))


def create_app(settings: Settings, runtime: Runtime = api_runtime) -> FastAPI:
    """The application; its lifespan owns the runtime. What kept it from starting stays in `app.state.failure`."""
    app = Application(
        BodyLimits(request=settings.request_max_bytes, batch=settings.batch_max_bytes),
        WebhookEndpoint(max_bytes=settings.webhook_max_bytes),
        title="TREEEX-WBSP",
        version=__version__,
        lifespan=_lifespan(settings, runtime),
        # Pages that load scripts from elsewhere are of no use to an installation without a way out.
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        separate_input_output_schemas=False,
    )
    for routes in ROUTES:
        app.take(routes.routes)
    handlers.register(app)
    app.openapi = lambda: openapi.document(app)  # type: ignore[method-assign]  # FastAPI's documented way
    app.add_api_route("/openapi.json", _openapi, include_in_schema=False)
    return app


def _lifespan(settings: Settings, runtime: Runtime) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.failure = None
        try:
            async with runtime(settings) as services:
                app.state.services = services
                yield
        except Exception as failure:
            app.state.failure = failure
            raise

    return lifespan


async def _openapi(request: Request) -> JSONResponse:
    document: dict[str, Any] = request.app.openapi()
    return JSONResponse(document)
