"""What all rules of planned faults have in common: whom they are about, how much of it, and how often. Pure."""

from __future__ import annotations

from typing import Annotated

import msgspec

from simulator.state import Id

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Count = Annotated[int, msgspec.Meta(ge=1)]
RealSeconds = Annotated[float, msgspec.Meta(gt=0, le=3600)]


class Where(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Whom a rule is about; what is not given is any."""

    phone_number_id: Id | None = None
    recipient: Id | None = None

    def covers(self, phone_number_id: str, wa_id: str) -> bool:
        return self.phone_number_id in (None, phone_number_id) and self.recipient in (None, wa_id)


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind"):
    """`share` of what `where` covers is struck, by chance from the seed, until it was struck `count` times."""

    where: Where = Where()
    share: Share = 1.0
    count: Count | None = None

    @property
    def kind(self) -> str:
        return str(self.__struct_config__.tag)
