"""`treeex migrate`: brings the schema to this version."""

from server.cli.output import Json, facts, show


def migrate(as_json: Json = False) -> None:
    """Bring the database to this version's schema, and let the API's and the workers' users in."""
    from server.bootstrap import migrate as bring_up
    from server.cli.running import complete, settings

    done = complete(bring_up(settings()))
    if as_json:
        show(facts(done), as_json=True)
    elif done.before == done.after:
        print(f"the schema is at {done.after} already")
    else:
        print(f"the schema went from {done.before or 'nothing'} to {done.after}")
