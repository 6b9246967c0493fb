"""`python -m benchmarks.references.stores_nothing api`: the product's API, which says of webhooks that they are stored.

All but the storing is done: the body is read, its app found, its signature verified, the answer given.
"""

from uuid import UUID

from benchmarks import role
from server.core.ids import new_id
from server.services.inbox import Inbox


async def store_nothing(_inbox: Inbox, _app_id: UUID, _body: bytes) -> UUID:
    return new_id()


if __name__ == "__main__":
    Inbox.store = store_nothing  # type: ignore[method-assign, assignment]  # that is the point
    role.main()
