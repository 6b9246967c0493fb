"""The maintenance worker: Rescuer, Reconciler, Sweeper, Pruner and the maker of partitions, one loop each."""

from collections.abc import Awaitable, Callable

from server.services.maintenance import Maintenance
from server.services.reconciliation import Reconciliation
from server.workers.loop import Actor, Stopping, repeat

RESCUE_EVERY_S = 1.0
RECONCILE_EVERY_S = 1.0
SWEEP_EVERY_S = 2.0
HOUSEKEEPING_EVERY_S = 3600.0


def actors(maintenance: Maintenance, reconciliation: Reconciliation) -> list[Actor]:
    """What the worker loop runs. Any number of maintenance workers may run at once."""
    return [
        _every(RESCUE_EVERY_S, maintenance.rescue),
        _every(RECONCILE_EVERY_S, reconciliation.step),
        _every(SWEEP_EVERY_S, maintenance.sweep),
        _every(HOUSEKEEPING_EVERY_S, maintenance.prepare_partitions),
        _every(HOUSEKEEPING_EVERY_S, maintenance.prune),
    ]


def _every(seconds: float, verb: Callable[[], Awaitable[object]]) -> Actor:
    async def step() -> bool:
        await verb()
        return False

    async def actor(stopping: Stopping) -> None:
        await repeat(step, stopping, idle_s=seconds)

    return actor
