"""What bad quality does to a template: two pauses, the second one longer, then the end (Meta: template pausing).

Told by the control API how people like a template. The end of a pause is in the record, so it comes after a restart,
too; it happens in the background, since nothing that was sent waits for it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from msgspec.structs import replace

from simulator.clock import Clock
from simulator.scheduler import Scheduler
from simulator.state import Quality, Store, Template


class TemplateQuality:
    """`change` keeps a changed template and tells of it."""

    def __init__(self, *, store: Store, scheduler: Scheduler, clock: Clock, change: Callable[[Template], None]) -> None:
        self._store = store
        self._scheduler = scheduler
        self._clock = clock
        self._change = change

    def judge(self, template: Template, quality: Quality) -> Template:
        """Keep the new quality, and what comes of it when it is RED and the template was in use."""
        judged = replace(template, quality=quality)
        if quality == "RED" and template.status == "APPROVED":
            judged = self._paused(judged)
        self._change(judged)
        if judged.paused_until is not None and judged.paused_until != template.paused_until:
            self._end_at(judged.paused_until, judged.id)
        return judged

    def resume(self) -> None:
        """After a restart: wait again for the ends of pauses."""
        for template in self._store.templates.values():
            if template.paused_until is not None:
                self._end_at(template.paused_until, template.id)

    def _paused(self, template: Template) -> Template:
        pauses_s = self._store.settings.template_pauses_s
        if template.pauses >= len(pauses_s):
            return replace(template, status="DISABLED")
        until = self._clock.now() + pauses_s[template.pauses]
        return replace(template, status="PAUSED", pauses=template.pauses + 1, paused_until=until)

    def _end_at(self, point: float, template_id: str) -> None:
        self._scheduler.at(point, partial(self._end_pause, template_id, point))

    def _end_pause(self, template_id: str, point: float) -> None:
        template = self._store.templates.get(template_id)
        if template is not None and template.paused_until == point:
            status = "APPROVED" if template.status == "PAUSED" else template.status
            self._change(replace(template, status=status, paused_until=None))
