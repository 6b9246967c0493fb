"""`python -m tests.chaos.mutants NAME -- worker outbound`: that role of the product, broken in that way."""

import sys

from server.cli import app
from tests.chaos.mutants import MUTANTS, breed


def main() -> None:
    name, _, *arguments = [*sys.argv[1:], "", ""][: max(3, len(sys.argv) - 1)]
    if name not in MUTANTS:
        sys.exit(f"there is no mutant {name!r}; choose one of {', '.join(MUTANTS)}, then -- and the command")
    breed(name)
    sys.argv = ["treeex", *arguments]
    app.main()


main()
