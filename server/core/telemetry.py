"""Metrics of this process, in Prometheus' text form. Labels never carry an id of a person or a body."""

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, Counter, Histogram, generate_latest

CONTENT_TYPE = CONTENT_TYPE_LATEST
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

http_requests = Counter("treeex_http_requests", "Requests answered by the API", ["method", "route", "status"])
http_seconds = Histogram("treeex_http_request_seconds", "Time to answer", ["route"], buckets=_SECONDS)
webhooks_received = Counter("treeex_webhooks", "Webhook POSTs by what became of them", ["result"])
webhooks_applied = Counter("treeex_webhook_changes_applied", "Changes of webhooks by what became of them", ["result"])
messages_accepted = Counter("treeex_messages_accepted", "Messages taken over from customers", ["type"])
sends = Counter("treeex_sends", "Sends by outcome", ["outcome"])
send_seconds = Histogram("treeex_send_seconds", "Time of Meta's answer to a send", buckets=_SECONDS)
claims = Histogram("treeex_claim_seconds", "Time of a claim's transaction", buckets=_SECONDS)
thrown_back = Counter("treeex_sends_thrown_back", "Claimed messages given back because the grant had run out")
rescued = Counter("treeex_messages_rescued", "Messages moved from sending to unknown")
queue_errors = Counter("treeex_queue_errors", "Calls to Valkey that failed", ["queue"])


def render() -> bytes:
    """Everything, as /metrics gives it."""
    return generate_latest(REGISTRY)
