"""Keeps child processes running: starts them, starts those that die again, stops them in reverse order.

`treeex up` and `treeex demo` use it. It knows nothing of what the children do.
"""

from server.cli.supervisor.child import ChildFailed
from server.cli.supervisor.spec import ChildSpec, Written
from server.cli.supervisor.supervisor import Supervisor

__all__ = ["ChildFailed", "ChildSpec", "Supervisor", "Written"]
