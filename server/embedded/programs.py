"""A copy of the servers' programs in the data directory, for servers that run as another account.

Called before a start as root, whose Python environment an unprivileged server often cannot reach. A copy appears
under its final name only when it is complete; later starts use it again.
"""

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

from server.embedded.account import Account
from server.embedded.binaries import Programs
from server.embedded.datadir import DataDir
from server.embedded.errors import told_plainly


def reachable_programs(
    found: Programs, layout: DataDir, account: Account, product: str, say: Callable[[str], None]
) -> Programs:
    """The programs where `account` can run them. No server of this kind may be running: older copies are removed."""
    if not account.switched or not found.files:
        return found
    copy = layout.programs / found.name
    with told_plainly(f"copying {product}'s programs", layout.root):
        if not is_complete(found, copy):
            say(f"Copying {product}'s programs")
            copy_programs(found, copy)
        remove_other_copies(copy)
    return replace(found, base=copy, bin=copy / found.bin.relative_to(found.base))


def is_complete(found: Programs, copy: Path) -> bool:
    """Sizes are compared, because a power cut can leave a renamed folder with files that are still empty."""
    return all(size_of(copy / file) == size_of(found.base / file) for file in found.files)


def size_of(file: Path) -> int:
    try:
        return file.stat().st_size
    except (FileNotFoundError, NotADirectoryError):
        return -1


def copy_programs(found: Programs, copy: Path) -> None:
    open_folder(copy.parent)
    unfinished = copy.with_name(f"{copy.name}.new-{uuid4().hex}")
    open_folder(unfinished)
    try:
        for file in found.files:
            copy_file(found.base, unfinished, file)
        shutil.rmtree(copy, ignore_errors=True)
        unfinished.rename(copy)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise


def copy_file(source: Path, target: Path, file: Path) -> None:
    for parent in reversed(file.parents[:-1]):
        open_folder(target / parent)
    shutil.copyfile(source / file, target / file)
    executable = (source / file).stat().st_mode & 0o111
    (target / file).chmod(0o755 if executable else 0o644)


def open_folder(folder: Path) -> None:
    if not folder.is_dir():
        folder.mkdir()
        folder.chmod(0o755)


def remove_other_copies(copy: Path) -> None:
    """Those of other versions of the same product, and unfinished ones of launchers that were killed."""
    product = copy.name.split("-")[0]
    for other in os.listdir(copy.parent):
        if other != copy.name and other.startswith(f"{product}-"):
            shutil.rmtree(copy.parent / other, ignore_errors=True)
