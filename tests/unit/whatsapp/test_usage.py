"""Meta's headers about what is used and how long to wait."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.whatsapp.errors import LimitScope
from server.whatsapp.usage import LONGEST_WAIT_S, Usage, retry_after_s, usages


def test_the_app_and_the_account_are_told_apart_and_the_fullest_count() -> None:
    case = {"type": "whatsapp", "call_count": 40, "total_cputime": 95, "estimated_time_to_regain_access": 2}
    headers = {
        "x-app-usage": json.dumps({"call_count": 28, "total_time": 91, "total_cputime": 25}),
        "x-business-use-case-usage": json.dumps({"102290129340398": [case, {"call_count": 10}]}),
    }
    assert usages(headers) == (Usage(LimitScope.APP, 91.0), Usage(LimitScope.ACCOUNT, 95.0, 120.0))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["call_count", "x"]), inner),
)


@given(json_values, st.text(max_size=20))
def test_whatever_a_header_holds_nothing_raises(value: Any, text: str) -> None:
    for header in (json.dumps(value), text):
        for usage in usages({"x-app-usage": header, "x-business-use-case-usage": header}):
            assert 0 <= usage.percent <= 1e9
            assert 0 <= usage.regain_s <= LONGEST_WAIT_S
        assert 0 <= retry_after_s({"retry-after": header}) <= LONGEST_WAIT_S


@pytest.mark.parametrize(
    ("header", "seconds"), [("30", 30), (" 7 ", 7), ("9999999", LONGEST_WAIT_S), ("soon", 0), ("-1", 0), ("²", 0)]
)
def test_seconds_to_wait(header: str, seconds: float) -> None:
    assert retry_after_s({"retry-after": header}) == seconds
