"""A workspace to which people send files."""

from collections.abc import AsyncIterator

import msgspec
import pytest_asyncio

from tests.integration.conftest import META_APP_ID, META_TOKEN, NUMBER_IDS
from tests.integration.media.fetching import ANN, Inbox


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def inbox(services, admin, meta, module_settings) -> AsyncIterator[Inbox]:
    meta.world.store.put(msgspec.structs.replace(meta.world.store.apps[META_APP_ID], requires_proof=True))
    await services.apps.create(slug="inbox", app_secret="app-secret", verify_token="v", meta_app_id=META_APP_ID)
    workspace = await services.workspaces.create("Inbox")
    numbers = [
        await services.phone_numbers.connect(workspace.id, phone_number_id=meta_id, access_token=META_TOKEN)
        for meta_id in NUMBER_IDS[:2]
    ]
    by_id = dict(zip([number.id for number in numbers], NUMBER_IDS, strict=False))
    inbox = Inbox(admin, meta, module_settings, workspace.id, by_id)
    await inbox.control("PUT", f"people/{ANN}", {"name": "Ann"})
    yield inbox
    await inbox.session.close()
