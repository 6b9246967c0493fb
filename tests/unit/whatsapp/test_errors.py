"""Meta's error codes to outcomes. What is unknown is never repeated blindly and never given up lightly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.whatsapp import errors
from server.whatsapp.errors import Ambiguous, Down, DownReason, LimitScope, Outcome, Rejected, Throttled, classify
from server.whatsapp.graph import GraphError

NUMBER, PAIR, APP = LimitScope.NUMBER, LimitScope.PAIR, LimitScope.APP
ACCOUNT, BULK = LimitScope.ACCOUNT, LimitScope.BULK
TOKEN, REGISTRATION = DownReason.TOKEN, DownReason.REGISTRATION
INTEGRITY, BILLING = DownReason.INTEGRITY, DownReason.BILLING


def outcome(code: int, http: int = 400, subcode: int | None = None, *, transient: bool = False) -> Outcome:
    return classify(GraphError(code, subcode, "words", is_transient=transient), http_status=http)


@pytest.mark.parametrize(
    ("code", "scope", "seconds", "too_fast"),
    [
        (4, APP, 60, True),
        (17, APP, 60, True),
        (80007, ACCOUNT, 60, True),
        (80008, ACCOUNT, 60, True),
        (130429, NUMBER, 1, True),
        (131048, BULK, 3600, False),
        (131049, PAIR, 86400, False),
        (131056, PAIR, 4, False),
        (131057, NUMBER, 60, False),
        (131064, ACCOUNT, 3600, False),
        (133004, NUMBER, 5, False),
    ],
)
def test_refused_for_now(code: int, scope: LimitScope, seconds: float, *, too_fast: bool) -> None:
    assert outcome(code) == Throttled(scope, seconds, GraphError(code, None, "words"), too_fast=too_fast)


@pytest.mark.proves("G14")
def test_nothing_is_tried_again_sooner_than_told() -> None:
    def waits(code: int, http: int, told_s: float) -> float:
        found = classify(GraphError(code), http_status=http, told_s=told_s)
        assert isinstance(found, Throttled)
        return found.retry_after_s

    assert waits(130429, 400, 30.0) == 30.0
    assert waits(130429, 400, 0.5) == 1.0
    assert waits(0, 429, 7.0) == 7.0


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        *((code, TOKEN) for code in (3, 10, 102, 104, 190, 200, 210, 299, 2500, 131005)),
        *((code, REGISTRATION) for code in (33, 803, 131037, 131045, 133000, 133006, 133010)),
        *((code, INTEGRITY) for code in (368, 131031, 139200)),
        *((code, BILLING) for code in (131042, 134011)),
    ],
)
def test_the_number_or_its_account_is_down(code: int, reason: DownReason) -> None:
    assert outcome(code) == Down(reason, GraphError(code, None, "words"))


@pytest.mark.parametrize(
    "code", [100, 130472, 131008, 131009, 131021, 131026, 131030, 131047, 131051, 132000, 132001, 132015, 135000]
)
def test_refused_for_good(code: int) -> None:
    assert outcome(code) == Rejected(GraphError(code, None, "words"))


@pytest.mark.parametrize("code", [1, 2, 506, 131000, 131016])
@pytest.mark.parametrize("http", [400, 429, 500, 503])
def test_metas_own_failures_leave_open_what_happened(code: int, http: int) -> None:
    assert isinstance(outcome(code, http), Ambiguous)


def test_a_subcode_decides_where_the_code_is_broad() -> None:
    """Meta hides what a token may not see behind 100 with 33."""
    assert isinstance(outcome(100, subcode=33), Down)
    assert isinstance(outcome(100, subcode=2593002), Rejected)
    assert isinstance(outcome(130429, subcode=33), Throttled)


@pytest.mark.parametrize(
    "words",
    [
        "API calls from the server require an appsecret_proof argument",
        "Invalid appsecret_proof provided in the API argument",
    ],
)
def test_a_missing_or_wrong_proof_says_nothing_against_the_message(words: str) -> None:
    error = GraphError(100, None, words)
    assert classify(error, http_status=400) == Down(TOKEN, error)


@pytest.mark.parametrize("http", [200, 400, 403, 429, 500, 503])
@pytest.mark.parametrize("code", [3, 190, 130429, 131031, 131056, 133010])
def test_a_known_code_wins_over_the_http_status(code: int, http: int) -> None:
    assert outcome(code, http) == outcome(code, 400)


@pytest.mark.parametrize(
    ("http", "kind"),
    [
        *((http, Ambiguous) for http in (200, 206, 301, 302, 307, 500, 502, 503, 504)),
        *((http, Down) for http in (401, 403)),
        (429, Throttled),
        *((http, Rejected) for http in (400, 404, 413, 422)),
    ],
)
def test_an_unknown_code_falls_to_the_http_status(http: int, kind: type[Outcome]) -> None:
    assert isinstance(outcome(999_999, http), kind)


@pytest.mark.parametrize("http", [400, 404, 405, 407, 408, 413])
def test_words_that_are_not_metas_give_no_message_up(http: int) -> None:
    """A proxy, or an address that is not Meta's: somebody mends it, and the message is reconciled."""
    assert isinstance(outcome(0, http), Ambiguous)


def test_what_meta_calls_transient_is_not_refused_for_good() -> None:
    assert isinstance(outcome(999_999, 400, transient=True), Ambiguous)


@given(st.integers(-(2**63), 2**63), st.none() | st.integers(0, 10**7), st.integers(100, 599), st.booleans())
def test_every_code_has_an_outcome_that_keeps_the_error(
    code: int, subcode: int | None, http: int, transient: bool
) -> None:
    found = outcome(code, http, subcode, transient=transient)
    assert isinstance(found, Ambiguous | Throttled | Rejected | Down)
    assert found.error is not None
    assert found.error.code == code


def test_no_code_stands_in_two_tables() -> None:
    tables = [set(errors._THROTTLES), set(errors._DOWN), set(errors._AMBIGUOUS)]
    assert sum(map(len, tables)) == len(set.union(*tables))
    assert 0 not in set.union(*tables)
