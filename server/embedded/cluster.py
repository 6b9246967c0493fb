"""The database cluster on disk: made once, checked before every start, configured anew each time.

Called by the PostgreSQL launcher, which holds the lock. It starts initdb and no server.
"""

import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Callable
from functools import partial
from hashlib import blake2s
from pathlib import Path

from server.embedded.account import Account
from server.embedded.binaries import Programs
from server.embedded.datadir import PORT, SUPERUSER, DataDir
from server.embedded.errors import OTHER_DATA_DIR, EmbeddedError, disk_full, told_plainly
from server.embedded.process import cannot_execute, find_processes, kill_group, runs, wait_until
from server.embedded.serverlog import is_disk_full, last_words

INITDB_BUDGET_S = 180
REMOVAL_BUDGET_S = 5

CONFIGURATION = """\
# Written by TREEEX at each start. Make lasting changes of your own with ALTER SYSTEM.
listen_addresses = ''
port = {port}
unix_socket_directories = '"{run}"'
unix_socket_permissions = 0700
hba_file = '{hba}'
cluster_name = '{name}'
password_encryption = 'scram-sha-256'
max_connections = 100

shared_buffers = 128MB
# Files in the cluster: containers give little room in /dev/shm, and nothing stays there after a kill.
dynamic_shared_memory_type = 'mmap'

fsync = on
synchronous_commit = on
full_page_writes = on
max_wal_size = 1GB
min_wal_size = 80MB

timezone = 'UTC'
log_timezone = 'UTC'
lc_messages = 'C'
log_destination = 'stderr'
logging_collector = off
log_line_prefix = '%m [%p] '
log_checkpoints = off
# What customers write never reaches the log: no statements, no parameters, no rows in error details.
log_statement = 'none'
log_min_error_statement = 'panic'
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
log_error_verbosity = 'terse'
"""
ACCESS = "# Written by TREEEX at each start.\nlocal all all scram-sha-256\n"


def cluster_name(layout: DataDir) -> str:
    """In the title of every server process: it tells which data directory an orphan belongs to."""
    return f"treeex-{blake2s(os.fsencode(layout.real.root), digest_size=6).hexdigest()}"


def configuration_path(layout: DataDir) -> Path:
    return layout.root / "postgres.conf"


def require_own_cluster(layout: DataDir, account: Account) -> None:
    """Raises EmbeddedError if the cluster's place is taken, its owner is another, or its password is lost."""
    if not layout.cluster.exists():
        return
    owner = layout.cluster.stat().st_uid
    if owner != account.uid:
        raise EmbeddedError(
            f"the database in {layout.cluster} belongs to the user with id {owner}, "
            f"but the server would run as {account.name}",
            f"start TREEEX as the user who made it or {OTHER_DATA_DIR}",
        )
    if not (layout.cluster / "PG_VERSION").is_file():
        raise EmbeddedError(f"{layout.cluster} exists and is no PostgreSQL database", OTHER_DATA_DIR)
    if not layout.password.is_file():
        raise EmbeddedError(
            f"{layout.password}, the password of the database in {layout.cluster}, is missing",
            f"restore it from a backup or {OTHER_DATA_DIR}",
        )


def require_major(layout: DataDir, major: int) -> None:
    """Raises EmbeddedError if the cluster, if there is one, was made by another major version of PostgreSQL."""
    if not layout.cluster.exists():
        return
    made_by = (layout.cluster / "PG_VERSION").read_text().strip()
    if made_by != str(major):
        raise EmbeddedError(
            f"the database in {layout.cluster} was made by PostgreSQL {made_by} and this is PostgreSQL {major}",
            f"dump it with PostgreSQL {made_by} and restore it into a new data directory, "
            f"or run PostgreSQL {made_by} yourself and set TREEEX_DATABASE_URL",
        )


def create_cluster(layout: DataDir, programs: Programs, account: Account, say: Callable[[str], None]) -> None:
    """Makes the cluster under another name first, so that an interrupted initdb is never taken for a database."""
    say("Creating the database cluster")
    with told_plainly("creating the database", layout.root):
        remove_unfinished(layout, account)
        password = make_password(layout)
        unfinished = layout.real.cluster.with_name(f"{layout.cluster.name}.new-{secrets.token_hex(4)}")
        give_folder(unfinished, account)
        try:
            run_initdb(layout, programs, account, unfinished, password)
            unfinished.rename(layout.cluster)
            sync_folder(layout.root)
        except BaseException:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise


def remove_unfinished(layout: DataDir, account: Account) -> None:
    """What a launcher left that was killed while initdb ran, which may still be running."""
    prefix = f"{layout.real.cluster}.new-"
    for process in find_processes(
        account, lambda words: runs(words, ("initdb",), "--pgdata") and "".join(words[2:3]).startswith(prefix)
    ):
        kill_group(process)
    for folder in layout.root.glob(f"{layout.cluster.name}.new-*"):
        # A process that is just dying may still write into it.
        wait_until(partial(is_removed, folder), REMOVAL_BUDGET_S)


def is_removed(folder: Path) -> bool:
    shutil.rmtree(folder, ignore_errors=True)
    return not folder.exists()


def make_password(layout: DataDir) -> str:
    """Random, and on disk before the cluster that needs it."""
    password = secrets.token_urlsafe(24)
    unfinished = layout.password.with_name(f"{layout.password.name}.new")
    write_private(unfinished, password)
    unfinished.replace(layout.password)
    return password


def write_private(file: Path, text: str, account: Account | None = None) -> None:
    file.unlink(missing_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        if account is not None and account.switched:
            os.fchown(descriptor, account.uid, account.gid)
        stream.write(text)
        stream.flush()
        os.fsync(descriptor)


def give_folder(folder: Path, account: Account) -> None:
    folder.mkdir(mode=0o700)
    if account.switched:
        os.chown(folder, account.uid, account.gid)


def run_initdb(layout: DataDir, programs: Programs, account: Account, folder: Path, password: str) -> None:
    # The server's account may not read the kept password, so that it gets a copy for the while.
    password_copy = layout.run / "initdb.password"
    write_private(password_copy, password, account)
    command = [
        str(programs.bin / "initdb"),
        # In this place, where remove_unfinished looks for it.
        "--pgdata",
        str(folder),
        f"--username={SUPERUSER}",
        f"--pwfile={password_copy}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale=C",
        "--data-checksums",
        "--no-instructions",
    ]
    try:
        code, output = run_to_end(command, account)
    finally:
        password_copy.unlink(missing_ok=True)
    if code != 0:
        raise initdb_failed(output, layout)


def run_to_end(command: list[str], account: Account) -> tuple[int, str]:
    try:
        process = account.spawn(command, subprocess.PIPE)
    except OSError as error:
        raise cannot_execute(Path(command[0]), account, error) from error
    try:
        output, _ = process.communicate(timeout=INITDB_BUDGET_S)
    except subprocess.TimeoutExpired:
        end_group(process)
        output, _ = process.communicate()
    except BaseException:
        end_group(process)
        raise
    return process.returncode, output.decode(errors="replace")


def end_group(process: subprocess.Popen[bytes]) -> None:
    """initdb has children, and all of them are in a session of their own."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def initdb_failed(output: str, layout: DataDir) -> EmbeddedError:
    line = last_words(output)
    if is_disk_full(line):
        return disk_full("the database was created", layout.root)
    return EmbeddedError(
        f"the database could not be created: {line or 'initdb did not finish'}", f"mend that or {OTHER_DATA_DIR}"
    )


def sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_configuration(layout: DataDir, account: Account) -> None:
    """Beside the cluster, not in it: as root we write nothing through folders of an unprivileged account."""
    hba = layout.root / "postgres.hba.conf"
    text = CONFIGURATION.format(port=PORT, run=layout.run, hba=hba, name=cluster_name(layout))
    with told_plainly("writing PostgreSQL's configuration", layout.root):
        write_readable(configuration_path(layout), text, account)
        write_readable(hba, ACCESS, account)


def write_readable(file: Path, text: str, account: Account) -> None:
    unfinished = file.with_name(f"{file.name}.new")
    unfinished.write_text(text)
    unfinished.chmod(0o644 if account.switched else 0o600)
    unfinished.replace(file)
