"""The maintenance worker: Rescuer, Reconciler, Scheduler, Expirer, Sweeper, Pruner and what makes partitions."""

from collections.abc import Awaitable, Callable

from server.services.ends import Timekeeper
from server.services.maintenance import Maintenance
from server.services.reconciliation import Reconciliation
from server.workers.loop import Actor, Stopping, repeat

RESCUE_EVERY_S = 1.0
RECONCILE_EVERY_S = 1.0
TIMES_EVERY_S = 0.5
SWEEP_EVERY_S = 2.0
DELIVERIES_EVERY_S = 86_400.0
HOUSEKEEPING_EVERY_S = 3600.0


def actors(maintenance: Maintenance, reconciliation: Reconciliation, timekeeper: Timekeeper) -> list[Actor]:
    """What the worker loop runs. Any number of maintenance workers may run at once."""
    return [
        _every(RESCUE_EVERY_S, maintenance.rescue),
        _every(RECONCILE_EVERY_S, reconciliation.step),
        _every(TIMES_EVERY_S, timekeeper.release),
        _every(TIMES_EVERY_S, timekeeper.expire),
        _every(TIMES_EVERY_S, timekeeper.give_up),
        _every(DELIVERIES_EVERY_S, timekeeper.give_up_the_oldest),
        _every(SWEEP_EVERY_S, maintenance.sweep),
        _every(HOUSEKEEPING_EVERY_S, maintenance.prepare_partitions),
        _every(HOUSEKEEPING_EVERY_S, maintenance.prune),
        _every(HOUSEKEEPING_EVERY_S, maintenance.prune_webhooks),
    ]


def _every(seconds: float, verb: Callable[[], Awaitable[object]]) -> Actor:
    """A verb that answers True has more to do, and is called again at once."""

    async def step() -> bool:
        return await verb() is True

    async def actor(stopping: Stopping) -> None:
        await repeat(step, stopping, idle_s=seconds)

    return actor
