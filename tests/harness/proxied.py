"""Proxies before the embedded servers, which listen on Unix sockets, and the addresses that lead through them."""

from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from server.embedded.address import PostgresAddress
from tests.harness.proxy import Proxy


def proxy_of_postgres(address: PostgresAddress) -> Proxy:
    return Proxy(address.socket_dir / f".s.PGSQL.{address.port}")


def proxy_of_valkey(url: str) -> Proxy:
    """`unix://…`, as the embedded one has it."""
    return Proxy(Path(unquote(urlsplit(url).path)))


def url_through(proxy: Proxy, url: str) -> str:
    """The same role and database of PostgreSQL, through the proxy."""
    parts = urlsplit(url)
    role, _, _ = parts.netloc.rpartition("@")
    return urlunsplit((parts.scheme, f"{role}@127.0.0.1:{proxy.port}", parts.path, "", ""))
