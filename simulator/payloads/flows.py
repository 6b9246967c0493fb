"""What Meta tells about flows: their status, and how their clients and endpoints do (Meta: flows webhooks)."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET

from simulator.payloads.parts import Maybe, MetaId, Value

FlowStatus = Literal["DRAFT", "PUBLISHED", "DEPRECATED", "BLOCKED", "THROTTLED"]
AlertState = Literal["ACTIVATED", "DEACTIVATED"]
Percent = Annotated[float, msgspec.Meta(ge=0, le=100)]


class FlowEvent(Value, kw_only=True, tag_field="event"):
    flow_id: MetaId
    message: str


class FlowStatusChange(FlowEvent, kw_only=True, tag="FLOW_STATUS_CHANGE"):
    new_status: FlowStatus
    old_status: Maybe[FlowStatus] = UNSET


class FlowError(msgspec.Struct, kw_only=True):
    error_type: str
    error_rate: Percent
    error_count: Annotated[int, msgspec.Meta(ge=0)]


class ErrorRate(FlowEvent, kw_only=True):
    error_rate: Percent
    threshold: Percent
    alert_state: AlertState
    errors: Maybe[list[FlowError]] = UNSET


class ClientErrorRate(ErrorRate, kw_only=True, tag="CLIENT_ERROR_RATE"):
    pass


class EndpointErrorRate(ErrorRate, kw_only=True, tag="ENDPOINT_ERROR_RATE"):
    pass


class EndpointLatency(FlowEvent, kw_only=True, tag="ENDPOINT_LATENCY"):
    """Latencies and threshold in seconds."""

    p50_latency: float
    p90_latency: float
    requests_count: int
    threshold: float
    alert_state: AlertState


class EndpointAvailability(FlowEvent, kw_only=True, tag="ENDPOINT_AVAILABILITY"):
    availability: Percent
    threshold: Percent
    alert_state: AlertState


class FlowVersionExpiry(Value, kw_only=True, tag_field="event", tag="FLOW_VERSION_EXPIRY_WARNING"):
    warning: str
    flow_id: Maybe[MetaId] = UNSET


FlowUpdate = (
    FlowStatusChange | ClientErrorRate | EndpointErrorRate | EndpointLatency | EndpointAvailability | FlowVersionExpiry
)
