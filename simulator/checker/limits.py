"""Meta's limits, as far as the ledger shows whether they were kept: given by whoever knows them, read by `rates.py`."""

from __future__ import annotations

from typing import Annotated

import msgspec

Positive = Annotated[int, msgspec.Meta(ge=1)]


class LimitsInvalid(ValueError):
    """One sentence: what is wrong with the limits and where."""


class Portfolio(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """So many `people` outside their service windows in rolling 24 hours, for all its numbers together."""

    name: str
    numbers: tuple[str, ...]
    people: Positive


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The defaults are what Meta publishes (Meta: throughput, pair rate limits, messaging limits).

    `numbers`: messages in any second by phone number id, `mps` for all others. `with_inbound`: whether received
    messages count, too. A pair may have one message in `pair_interval_s`, and up to `pair_burst` of them in advance.
    """

    numbers: dict[str, Positive] = {}
    mps: Positive = 80
    with_inbound: bool = True
    pair_interval_s: Annotated[float, msgspec.Meta(gt=0)] = 6.0
    pair_burst: Positive = 45
    portfolios: tuple[Portfolio, ...] = ()

    def mps_of(self, phone_number_id: str) -> int:
        return self.numbers.get(phone_number_id, self.mps)

    @classmethod
    def from_json(cls, body: bytes) -> Limits:
        """Raises LimitsInvalid."""
        try:
            return msgspec.json.decode(body, type=cls)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise LimitsInvalid(f"the limits cannot be used: {error}") from error
