"""Who gets what in the demo, and what that should come to. Pure: the scene and what people wrote in, errands out."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from server.cli.demo.contents import Json, Occasion
from server.cli.demo.progress import Counts
from server.cli.demo.scene import Pair
from server.cli.demo.verdict import ONLY_SENT, Asked
from server.cli.demo.wheel import FIRST, Kind

_TYPING_TO_EVERY = 5


@dataclass(frozen=True, slots=True)
class Errand:
    """A message to be sent: to whom, which, and what it can refer to.

    `typing_after` is what they wrote, by our id, where they are first shown that an answer is being written.
    """

    pair: Pair
    kind: Kind
    occasion: Occasion
    typing_after: UUID | None = None

    @property
    def is_second(self) -> bool:
        return self.kind is not FIRST

    @property
    def asked(self) -> Asked:
        return Asked(self.kind.name, self.kind.type)

    @property
    def command(self) -> Json:
        """The body of `POST /v1/messages`."""
        return {
            "from": str(self.pair.number.id),
            "to": self.pair.address,
            "client_reference": f"{self.pair.name.replace(' ', '-')}-{2 if self.is_second else 1}",
            **self.kind.command(self.occasion),
        }


def plan(pairs: Sequence[Pair], greetings: Sequence[Json], media: Mapping[str, str]) -> Iterator[Errand]:
    """First everybody a text, then everybody what the wheel gives them. `media`: the files' ids by their names.

    `greetings` as the API shows them: one of each person, and one in each group.
    """
    in_groups = {m["content"]["group_id"]: m for m in greetings if "group_id" in m["content"]}
    by_person = {m["from"]: m for m in greetings if "group_id" not in m["content"]}
    for is_first, (place, pair) in itertools.product((True, False), enumerate(pairs)):
        greeting, group_id = by_person[pair.address], pair.number.group_id
        first_name = pair.name.split()[0]
        occasion = Occasion(first_name, greeting["wamid"], media, group_id, in_groups[group_id]["wamid"])
        sees_typing = is_first and place % _TYPING_TO_EVERY == 0
        yield Errand(pair, FIRST if is_first else pair.second, occasion, UUID(greeting["id"]) if sees_typing else None)


def goal_of(errands: Sequence[Errand]) -> Counts:
    """Where the counts end when all goes well."""
    told = sum(errand.kind.type not in ONLY_SENT for errand in errands)
    replies = sum(errand.kind.answer.messages for errand in errands)
    return Counts(accepted=len(errands), sent=len(errands), delivered=told, read=told, replies=replies)
