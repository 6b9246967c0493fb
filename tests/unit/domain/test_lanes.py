"""The bulk lane's tenth, whatever the grants look like."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.lanes import BULK_KEEPS_ONE_IN, BulkFloor

NUMBER, OTHER = UUID(int=1), UUID(int=2)


@pytest.mark.proves("G15")
@given(st.lists(st.integers(0, 50), max_size=60))
def test_of_all_that_was_granted_a_tenth_is_kept_and_never_more_than_a_grant_has(grants: list[int]) -> None:
    floor, kept = BulkFloor(), 0
    for messages in grants:
        places = floor.take({NUMBER: messages, OTHER: 3}).get(NUMBER, 0)
        assert places <= messages
        kept += places
    assert kept == sum(grants) // BULK_KEEPS_ONE_IN


def test_numbers_do_not_share_it() -> None:
    floor = BulkFloor()
    assert floor.take({NUMBER: 9, OTHER: 10}) == {OTHER: 1}
    assert floor.take({NUMBER: 1}) == {NUMBER: 1}
