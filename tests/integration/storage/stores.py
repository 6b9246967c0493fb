"""Stores to try: a folder, S3 as moto plays it, Azure Blob as azurite plays it. Each has a URL and variables."""

import base64
import hmac
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path

import pytest

ACCOUNT = "devstoreaccount1"
ACCOUNT_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""Azurite's own, of everybody."""
BUCKET = "files-of-tests"
STARTS_WITHIN_S = 60.0
AZURITE = Path(__file__).parents[3] / ".venv" / "azurite" / "node_modules" / ".bin" / "azurite-blob"
"""Where .ci/run installs it; else the one that is found on the path."""


@dataclass(frozen=True)
class Store:
    """A store that runs. `variables` are what its cloud's tools read."""

    url: str
    variables: dict[str, str] = field(default_factory=dict)


@contextmanager
def folder(path: Path) -> Iterator[Store]:
    yield Store((path / "not there yet").as_uri())


@contextmanager
def s3(_path: Path) -> Iterator[Store]:
    from moto.server import ThreadedMotoServer  # takes a second, which whoever only collects tests need not pay

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        address = f"http://{host}:{port}"
        _ask(urllib.request.Request(f"{address}/{BUCKET}", method="PUT", data=b""))
        variables = {
            "AWS_ENDPOINT": address,
            "AWS_ALLOW_HTTP": "true",
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "tests",
            "AWS_SECRET_ACCESS_KEY": "secret of tests",
        }
        yield Store(f"s3://{BUCKET}/of/us", variables)
    finally:
        server.stop()


@contextmanager
def azure(path: Path) -> Iterator[Store]:
    program = str(AZURITE) if AZURITE.exists() else shutil.which("azurite-blob")
    if program is None:
        pytest.skip("azurite is not installed; `npm install --prefix .venv/azurite azurite`, as .ci/run does")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}/{ACCOUNT}"
    options = ["--blobHost", "127.0.0.1", "--blobPort", str(port), "--location", str(path), "--silent"]
    process = subprocess.Popen([program, *options, "--skipApiVersionCheck"])
    try:
        _until_there(lambda: _ask(_signed("PUT", address, BUCKET)), process)
        variables = {
            "AZURE_STORAGE_ACCOUNT_NAME": ACCOUNT,
            "AZURE_STORAGE_ACCOUNT_KEY": ACCOUNT_KEY,
            "AZURE_STORAGE_ENDPOINT": address,
            "AZURE_ALLOW_HTTP": "true",
        }
        yield Store(f"az://{BUCKET}/of/us", variables)
    finally:
        process.terminate()
        process.wait()


@contextmanager
def environment(variables: dict[str, str]) -> Iterator[None]:
    """The library reads them when a store is opened."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.__setitem__(name, value)


def fetch(url: str) -> tuple[int, bytes]:
    """As a stranger does."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as refusal:
        return refusal.code, b""


def _signed(method: str, address: str, container: str) -> urllib.request.Request:
    """Makes a container, which the library cannot (Microsoft: authorize with Shared Key)."""
    date = formatdate(usegmt=True)
    headers = f"x-ms-date:{date}\nx-ms-version:2021-12-02\n"
    resource = f"/{ACCOUNT}/{ACCOUNT}/{container}\nrestype:container"
    words = f"{method}{chr(10) * 12}{headers}{resource}"
    mac = base64.b64encode(hmac.digest(base64.b64decode(ACCOUNT_KEY), words.encode(), "sha256")).decode()
    return urllib.request.Request(
        f"{address}/{container}?restype=container",
        method=method,
        data=b"",
        headers={
            "x-ms-date": date,
            "x-ms-version": "2021-12-02",
            "Authorization": f"SharedKey {ACCOUNT}:{mac}",
            "Content-Type": "",
        },
    )


def _ask(request: urllib.request.Request) -> None:
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status in (200, 201)


def _until_there(attempt: Callable[[], None], process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + STARTS_WITHIN_S
    while True:
        assert process.poll() is None, "it ended"
        try:
            return attempt()
        except (urllib.error.URLError, OSError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
