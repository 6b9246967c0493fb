"""The headers of a request as ASGI has them: looking into a mapping made of them costs several times as much."""

from starlette.types import Scope


def values(scope: Scope, name: bytes) -> list[str]:
    """Every value of a header, in the order given. `name` in lower case, as servers give it."""
    return [value.decode("latin-1") for given, value in scope["headers"] if given == name]
