"""Read receipts and the typing indicator: tells Meta that a message was read (Meta: mark messages as read).

Called by `services.receipts`. Repeating one is harmless, so nothing of it is stored.
"""

from server.whatsapp.access_token import AccessToken
from server.whatsapp.graph import GraphClient, GraphError, GraphUnreachable


class ReceiptsUnreachable(Exception):
    """Meta gave no clear answer."""


class ReceiptRefused(Exception):
    """Meta does not take it."""

    def __init__(self, error: GraphError) -> None:
        super().__init__(error.message)
        self.error = error


class Receipts:
    """One call a receipt."""

    def __init__(self, graph: GraphClient) -> None:
        self._graph = graph

    async def mark_read(self, *, phone_number_id: str, token: AccessToken, wamid: str, typing: bool) -> None:
        """Also marks the earlier messages of the chat. `typing` is shown until the next message, 25 seconds at most.

        Raises ReceiptsUnreachable or ReceiptRefused.
        """
        body: dict[str, object] = {"messaging_product": "whatsapp", "status": "read", "message_id": wamid}
        if typing:
            body["typing_indicator"] = {"type": "text"}
        try:
            answer = await self._graph.request("POST", f"{phone_number_id}/messages", token=token, json_body=body)
        except GraphUnreachable as failure:
            raise ReceiptsUnreachable(str(failure)) from None
        if answer.error is None:
            return
        if answer.error.code == 0 or answer.error.is_transient or answer.status >= 500:
            raise ReceiptsUnreachable(f"HTTP {answer.status}")
        raise ReceiptRefused(answer.error)
