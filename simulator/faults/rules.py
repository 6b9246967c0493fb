"""Every kind of rule, as one type that decodes any of them by its `kind`."""

from __future__ import annotations

from simulator.faults.call_rules import CallRule
from simulator.faults.media_rules import MediaRule
from simulator.faults.update_rules import OutageRule, UpdateRule

AnyRule = CallRule | UpdateRule | MediaRule | OutageRule
