"""The messaging limit held against the plainest model of it: a list of who was written to, and when."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.messaging_limit import MINUTE, WINDOW, Minute, Reach, Start, Wait, counted_since, leaves_at

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
steps = st.lists(st.tuples(st.timedeltas(timedelta(0), timedelta(hours=9)), st.integers(1, 6)), max_size=80)


@pytest.mark.proves("G13")
@given(st.integers(1, 4), steps)
def test_no_24_hours_see_more_people_than_the_limit(limit: int, steps: list[tuple[timedelta, int]]) -> None:
    reach, sent = Reach(limit, BEGIN), list[tuple[datetime, int]]()
    for pause, person in steps:
        reach.at += pause
        [verdict] = reach.admit([UUID(int=person)])
        lately = {who for at, who in sent if at > reach.at - WINDOW}
        if isinstance(verdict, Start):
            sent.append((reach.at, person))
            assert len(lately | {person}) <= limit
        else:
            # Only a minute's slowness separates it from the model.
            assert person not in lately
            assert len({who for at, who in sent if at > reach.at - WINDOW - MINUTE}) >= limit
            assert reach.at < verdict.until <= reach.at + WINDOW + MINUTE
        counted = [minute for minute in reach.people.values() if minute > counted_since(reach.at)]
        assert sum(m.people for at, m in reach.minutes.items() if at > counted_since(reach.at)) == len(counted)


@pytest.mark.proves("G13")
def test_who_waits_is_promised_a_place_each_and_the_first_to_leave_first() -> None:
    older, newer = BEGIN - timedelta(hours=3), BEGIN - timedelta(hours=1)
    reach = Reach(3, BEGIN, {newer: Minute(2), older: Minute(1)})
    waits = reach.admit(UUID(int=person) for person in range(5))
    assert waits == [Wait(leaves_at(at)) for at in (older, newer, newer, BEGIN, BEGIN)]


def test_a_person_who_counts_already_takes_no_place_and_counts_from_now() -> None:
    person, before = UUID(int=1), BEGIN - timedelta(hours=5)
    reach = Reach(1, BEGIN, {before: Minute(1)}, {person: before})
    assert reach.admit([person, person]) == [Start(person, before), Start(person, BEGIN)]
    assert reach.minutes == {before: Minute(0), BEGIN: Minute(1)}
