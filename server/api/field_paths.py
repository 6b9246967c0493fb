"""Where in a request an error lies, as its sender wrote it. Called by `field_errors`.

Pydantic's locations also name the branch of a union that was taken (`text`, `list`), which no sender has written. The
types of the request tell those names from the names of fields.
"""

from collections.abc import Iterator, Sequence
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

Place = Sequence[str | int]


def written(annotation: Any, location: Place) -> list[str | int]:
    """The location without the names of branches. `annotation` is the type of what was validated; None if unknown."""
    return list(location if annotation is None else _written(annotation, location))


def _written(annotation: Any, location: Place) -> Iterator[str | int]:
    if not location:
        return
    head, rest = location[0], location[1:]
    members = _members(annotation)
    if len(members) > 1:
        branch = next((member for member in members if head in _tags(member)), None)
        if branch is not None:
            yield from _written(branch, rest)
        # Of a union without tags Pydantic names the kind that did not fit, such as `int`: nothing that was written.
        return
    [only] = members or [None]
    yield head
    if isinstance(only, type) and issubclass(only, BaseModel):
        yield from _written(_field(only, head), rest)
    elif get_origin(only) is list:
        yield from _written(get_args(only)[0], rest)
    else:
        yield from rest


def _members(annotation: Any) -> list[Any]:
    """The branches of a union; the annotation itself where it is none. `None` is no branch."""
    if get_origin(annotation) is Annotated:
        return _members(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return [inner for member in get_args(annotation) if member is not type(None) for inner in _members(member)]
    return [annotation]


def _tags(member: Any) -> tuple[Any, ...]:
    if not (isinstance(member, type) and issubclass(member, BaseModel) and "type" in member.model_fields):
        return ()
    annotation = member.model_fields["type"].annotation
    return get_args(annotation) if get_origin(annotation) is Literal else ()


def _field(model: type[BaseModel], name: str | int) -> Any:
    """The type of a field by the name that senders use; None for a field that there is not."""
    for attribute, field in model.model_fields.items():
        if name in (field.alias, attribute):
            return field.annotation
    return None
