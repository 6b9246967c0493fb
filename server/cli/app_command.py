"""`treeex app`: the Meta apps whose webhooks are taken."""

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from server.cli import secret
from server.cli.output import Json, facts, show, show_list
from server.cli.running import ask

if TYPE_CHECKING:
    from server.services.apps import AppInfo
    from server.services.bundle import Services

app = typer.Typer(help="Meta apps whose webhooks are taken.", no_args_is_help=True)

Slug = Annotated[str, typer.Argument(help="Its name in the webhook's address: /webhooks/whatsapp/SLUG.")]


@app.command()
def create(
    slug: Slug,
    app_secret: Annotated[str | None, typer.Option(help=f"Meta's app secret. {secret.HELP}")] = None,
    verify_token: Annotated[str | None, typer.Option(help=f"The token that you give to Meta. {secret.HELP}")] = None,
    meta_app_id: Annotated[str | None, typer.Option(help="Meta's id of the app.")] = None,
    as_json: Json = False,
) -> None:
    """Take the webhooks of a Meta app."""
    hidden = {
        "app_secret": secret.read(app_secret, "App secret"),
        "verify_token": secret.read(verify_token, "Verify token"),
    }

    async def make(services: "Services") -> "AppInfo":
        return await services.apps.create(slug=slug, meta_app_id=meta_app_id, **hidden)

    show(facts(ask(make)), as_json=as_json)


@app.command("list")
def list_all(as_json: Json = False) -> None:
    """List the apps."""
    found = [facts(one) for one in ask(lambda services: services.apps.list())]
    columns = ("slug", "meta_app_id", "previous_secret_until", "created_at")
    show_list(found, columns, as_json=as_json, none="there is no app; `treeex app create`")


@app.command()
def rotate(
    slug: Slug,
    app_secret: Annotated[str | None, typer.Option(help=f"The new app secret. {secret.HELP}")] = None,
    grace_hours: Annotated[int, typer.Option(min=0, max=720, help="How long the secret before still counts.")] = 24,
    as_json: Json = False,
) -> None:
    """Take a new app secret; the one before still counts for a while."""
    new = secret.read(app_secret, "New app secret")

    async def change(services: "Services") -> "AppInfo":
        return await services.apps.rotate(slug, app_secret=new, grace=timedelta(hours=grace_hours))

    show(facts(ask(change)), as_json=as_json)
