"""The children of one machine, in groups that start together and stop together.

Made by `treeex up`; lives in one event loop. Groups are stopped in the reverse order of their starts.
"""

import asyncio
from collections.abc import Callable

from server.cli.supervisor.child import Child, ChildFailed
from server.cli.supervisor.spec import ChildSpec


class Supervisor:
    """`say` gets one line whenever a child had to be started again."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._groups: list[list[Child]] = []

    @property
    def children(self) -> dict[str, Child]:
        return {child.spec.name: child for group in self._groups for child in group}

    def start(self, *specs: ChildSpec) -> None:
        """Starts a group; does not wait for it."""
        group = [Child(spec, self._say) for spec in specs]
        self._groups.append(group)
        for child in group:
            child.start()

    async def wait_ready(self, *names: str, timeout_s: float) -> None:
        """Waits for the named children, or for all. Raises ChildFailed."""
        waited = [child for name, child in self.children.items() if name in names or not names]
        tasks = {asyncio.create_task(child.wait_ready()): child.spec for child in waited}
        done, late = await asyncio.wait(tasks, timeout=timeout_s, return_when=asyncio.FIRST_EXCEPTION)
        for task in late:
            task.cancel()
        for task in done:
            task.result()
        for task in late:
            slow = tasks[task]
            raise ChildFailed(
                f"{slow.name} was not ready after {timeout_s:.0f} s; what it waits for should be in {slow.log}"
            )

    async def stop(self) -> None:
        """Group after group, the last one first; those of a group together."""
        for group in reversed(self._groups):
            await asyncio.gather(*(child.stop() for child in group))

    def kill(self) -> None:
        """All at once, without asking. `stop` still has to be awaited to see them gone."""
        for child in self.children.values():
            child.kill()
