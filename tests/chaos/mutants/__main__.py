"""`python -m tests.chaos.mutants NAME -- worker outbound`: that role of the product, broken in that way."""

import sys

from server.cli import app
from tests.chaos.mutants import MUTANTS, breed


def main() -> None:
    match sys.argv[1:]:
        case [name, "--", *arguments] if name in MUTANTS:
            breed(name)
            sys.argv = ["treeex", *arguments]
            app.main()
        case _:
            sys.exit(f"name a mutant, then -- and a command; the mutants are {', '.join(MUTANTS)}")


main()
