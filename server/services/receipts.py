"""Tells people that their messages were read, and that an answer is being written. Nothing is stored."""

from uuid import UUID

from server.core.crypto import CannotDecrypt
from server.core.db import Database
from server.domain.enums import Direction
from server.domain.errors import Refused
from server.repositories import message_history
from server.services.phone_numbers import PhoneNumbers
from server.whatsapp import receipts
from server.whatsapp.receipts import ReceiptRefused, ReceiptsUnreachable


class Receipts:
    """One workspace at a time."""

    def __init__(self, db: Database, numbers: PhoneNumbers, meta: receipts.Receipts) -> None:
        self._db = db
        self._numbers = numbers
        self._meta = meta

    async def mark_read(self, workspace_id: UUID, message_id: UUID, *, typing: bool) -> None:
        """Raises Refused: not_found, not_received, token_refused, receipt_refused, meta_unreachable."""
        async with self._db.transaction(workspace_id) as connection:
            message = await message_history.find(connection, workspace_id, message_id)
        if message is None:
            raise Refused("not_found")
        if message["direction"] != Direction.INBOUND:
            raise Refused("not_received")
        number = await self._numbers.get(workspace_id, message["phone_number_id"])
        try:
            token = await self._numbers.token(workspace_id, number.id)
        except CannotDecrypt:
            raise Refused("token_refused", "The number's access token cannot be opened with this keyring") from None
        try:
            await self._meta.mark_read(
                phone_number_id=number.phone_number_id, token=token, wamid=message["wamid"], typing=typing
            )
        except ReceiptRefused as refusal:
            raise Refused("receipt_refused", f"Meta refused it: {refusal.error.code} {refusal.error.message}") from None
        except ReceiptsUnreachable as failure:
            raise Refused("meta_unreachable", f"Meta could not be reached ({failure})", retry_after_s=5) from None
