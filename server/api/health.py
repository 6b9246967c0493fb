"""Routes for whoever watches the process: alive, ready, metrics."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse

from server.api.state import services
from server.core import telemetry
from server.schemas.health import Alive, ReadinessShown

routes = APIRouter(tags=["health"])


@routes.get("/healthz", operation_id="getHealth", summary="Whether the process runs")
async def healthz() -> Alive:
    return Alive()


@routes.get(
    "/readyz",
    operation_id="getReadiness",
    summary="Whether the process can do its work",
    responses={503: {"model": ReadinessShown, "description": "Something required is missing"}},
)
async def readyz(request: Request) -> ReadinessShown:
    """PostgreSQL and its schema are required. Without Valkey the work goes on, slower."""
    readiness = await services(request).health.readiness()
    shown = ReadinessShown.model_validate(readiness)
    if readiness.ready:
        return shown
    return JSONResponse(shown.model_dump(mode="json"), 503)  # type: ignore[return-value]  # FastAPI passes responses on


@routes.get(
    "/metrics",
    operation_id="getMetrics",
    summary="Metrics of this process",
    response_class=PlainTextResponse,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def metrics() -> Response:
    """In Prometheus' text form."""
    return Response(telemetry.render(), media_type=telemetry.CONTENT_TYPE)
