"""`python -m simulator.checker`."""

import sys

from simulator.checker.command import main

sys.exit(main())
