"""The composition root: the only place that wires things. Called by `server.main` and by the command line.

A runtime connects to what a role needs, checks the schema, and closes everything in reverse order. What is missing is
told in one sentence by CannotStart and those below it.

CannotStart               a setting is missing or wrong
├── NotConfigured         no servers are named at all
└── CannotReach           a server is named, but it does not answer
"""

from server.bootstrap.connections import CannotReach, CannotStart, NotConfigured, data_dir, load_keyring
from server.bootstrap.examination import examine
from server.bootstrap.runtimes import Worker, admin_runtime, api_runtime, migrate, worker_runtime

__all__ = [
    "CannotReach",
    "CannotStart",
    "NotConfigured",
    "Worker",
    "admin_runtime",
    "api_runtime",
    "data_dir",
    "examine",
    "load_keyring",
    "migrate",
    "worker_runtime",
]
