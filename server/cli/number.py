"""`treeex number`: connect, list, pause and resume phone numbers."""

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from server.cli import secret, workspace
from server.cli.output import Json, facts, show, show_list
from server.cli.running import ask

if TYPE_CHECKING:
    from server.schemas.phone_numbers import ConnectNumber
    from server.services.bundle import Services
    from server.services.phone_numbers import Number, PhoneNumbers

app = typer.Typer(help="Phone numbers of a workspace.", no_args_is_help=True)

Wanted = Annotated[str, typer.Argument(help="Its id here, or Meta's phone_number_id.")]
_COLUMNS = ("id", "phone_number_id", "display_phone_number", "verified_name", "throughput_mps", "pause_reason")
_PAGE = 100


@app.command()
def connect(
    phone_number_id: Annotated[str, typer.Argument(help="Meta's id of the number.")],
    access_token: Annotated[str | None, typer.Option(help=f"A system user's token. {secret.HELP}")] = None,
    waba_id: Annotated[str | None, typer.Option(help="Meta's id of its account; looked up unless given.")] = None,
    workspace_name: workspace.Chosen = None,
    as_json: Json = False,
) -> None:
    """Connect a number, or take a new token for one that is connected."""
    wanted = _checked(
        phone_number_id=phone_number_id, waba_id=waba_id, access_token=secret.read(access_token, "Access token")
    )

    async def work(services: "Services") -> "Number":
        return await services.phone_numbers.connect(
            await workspace.chosen(services, workspace_name), **wanted.model_dump()
        )

    show(facts(ask(work)), as_json=as_json)


@app.command("list")
def list_all(workspace_name: workspace.Chosen = None, as_json: Json = False) -> None:
    """List the numbers of a workspace."""

    async def find(services: "Services") -> "list[Number]":
        return await _all(services.phone_numbers, await workspace.chosen(services, workspace_name))

    found = [facts(number) for number in ask(find)]
    show_list(found, _COLUMNS, as_json=as_json, none="there is no number; `treeex number connect`")


@app.command()
def pause(
    number: Wanted,
    reason: Annotated[str, typer.Option(help="For whoever looks at it later.")] = "paused by the operator",
    workspace_name: workspace.Chosen = None,
    as_json: Json = False,
) -> None:
    """Send nothing more on a number; its messages wait."""
    _change(number, workspace_name, lambda numbers, *ids: numbers.pause(*ids, reason), as_json=as_json)


@app.command()
def resume(number: Wanted, workspace_name: workspace.Chosen = None, as_json: Json = False) -> None:
    """Send again on a number, whoever paused it."""
    _change(number, workspace_name, lambda numbers, *ids: numbers.resume(*ids), as_json=as_json)


def _checked(**given: str | None) -> "ConnectNumber":
    """What the API would check. Raises BadParameter, which never repeats a value."""
    from pydantic import ValidationError

    from server.api.field_errors import field_errors
    from server.schemas.phone_numbers import ConnectNumber

    try:
        return ConnectNumber.model_validate(given)
    except ValidationError as invalid:
        [first, *_] = field_errors([{**error, "loc": ("", *error["loc"])} for error in invalid.errors()])
        raise typer.BadParameter(f"{first.path}: {first.message}. {first.mend}") from None


def _change(
    wanted: str,
    workspace_name: str | None,
    change: "Callable[..., Coroutine[Any, Any, Number]]",
    *,
    as_json: bool,
) -> None:
    async def work(services: "Services") -> "Number":
        workspace_id = await workspace.chosen(services, workspace_name)
        return await change(
            services.phone_numbers, workspace_id, await _id(services.phone_numbers, workspace_id, wanted)
        )

    show(facts(ask(work)), as_json=as_json)


async def _id(numbers: "PhoneNumbers", workspace_id: UUID, wanted: str) -> UUID:
    from server.domain.errors import Refused

    for number in await _all(numbers, workspace_id):
        if wanted in (str(number.id), number.phone_number_id):
            return number.id
    raise Refused("not_found", f"The workspace has no number {wanted}")


async def _all(numbers: "PhoneNumbers", workspace_id: UUID) -> "list[Number]":
    found: list[Number] = []
    cursor: str | None = None
    while True:
        page = await numbers.list(workspace_id, cursor=cursor, limit=_PAGE)
        found += page.data
        if page.next is None:
            return found
        cursor = page.next
