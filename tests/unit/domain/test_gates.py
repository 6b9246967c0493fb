"""Whether a message may go now."""

from datetime import UTC, datetime, timedelta

import pytest

from server.domain import gates
from server.domain.errors import CATALOGUE
from server.domain.gates import GateFacts, Verdict

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
OPEN = NOON - timedelta(hours=1)
CLOSED = NOON - timedelta(hours=25)


def facts(
    *,
    kind: str = "text",
    wrote: datetime | None = OPEN,
    pause: str | None = None,
    expires: datetime | None = None,
    template: str | None = None,
    category: str | None = None,
    opted_out: bool = False,
    names_user_id: bool = False,
    misfit: str | None = None,
) -> GateFacts:
    return GateFacts(
        free_form=gates.is_free_form(kind, category=None, recipient_type="individual"),
        last_inbound_at=wrote,
        number_pause_reason=pause,
        expires_at=expires,
        template_status=template,
        category=category,
        opted_out=opted_out,
        names_user_id=names_user_id,
        template_misfit=misfit,
    )


def test_a_text_inside_the_window_passes_every_gate() -> None:
    assert gates.first_refusal(facts(), NOON) is None
    assert gates.run(facts(), NOON) == tuple(
        Verdict(gate, True)
        for gate in [
            "in_time",
            "number_active",
            "recipient_fits",
            "template_usable",
            "template_fits",
            "wanted",
            "window_open",
        ]
    )


def test_a_paused_number_only_waits() -> None:
    refusal = gates.first_refusal(facts(pause="token: Meta answered 190"), NOON)
    assert refusal == Verdict("number_active", False, "number_paused", final=False)


@pytest.mark.parametrize("category", ["MARKETING", "UTILITY", "AUTHENTICATION", "SERVICE", None])
@pytest.mark.parametrize("opted_out", [True, False])
def test_marketing_to_who_stopped_it_fails_for_good(category: str | None, *, opted_out: bool) -> None:
    refusal = gates.first_refusal(facts(kind="template", category=category, opted_out=opted_out), NOON)
    if category == "MARKETING" and opted_out:
        assert refusal == Verdict("wanted", False, "opted_out", final=True)
    else:
        assert refusal is None


@pytest.mark.parametrize("category", ["MARKETING", "UTILITY", "AUTHENTICATION", None])
@pytest.mark.parametrize("names_user_id", [True, False])
def test_a_one_time_password_to_a_user_id_fails_for_good(category: str | None, *, names_user_id: bool) -> None:
    refusal = gates.first_refusal(facts(kind="template", category=category, names_user_id=names_user_id), NOON)
    if category == "AUTHENTICATION" and names_user_id:
        assert refusal == Verdict("recipient_fits", False, "password_to_user_id", final=True)
    else:
        assert refusal is None


@pytest.mark.parametrize("wrote", [CLOSED, None])
def test_a_text_outside_the_window_fails_for_good(wrote: datetime | None) -> None:
    refusal = gates.first_refusal(facts(wrote=wrote), NOON)
    assert refusal == Verdict("window_open", False, "window_closed", final=True)


@pytest.mark.parametrize("wrote", [CLOSED, None])
def test_a_template_needs_no_window(wrote: datetime | None) -> None:
    assert gates.first_refusal(facts(kind="template", wrote=wrote), NOON) is None


@pytest.mark.parametrize(
    ("kind", "category", "recipient_type", "free"),
    [
        ("text", None, "individual", True),
        ("interactive", None, "individual", True),
        ("text", "utility", "individual", False),
        ("text", None, "group", False),
        ("template", None, "individual", False),
        ("raw", None, "individual", False),
    ],
)
def test_what_needs_an_open_window(kind: str, category: str | None, recipient_type: str, *, free: bool) -> None:
    assert gates.is_free_form(kind, category=category, recipient_type=recipient_type) is free


def test_nothing_goes_from_the_instant_on_at_which_it_expires() -> None:
    assert gates.first_refusal(facts(expires=NOON + timedelta(microseconds=1)), NOON) is None
    assert gates.first_refusal(facts(expires=NOON), NOON) == Verdict("in_time", False, "expired", final=True)


@pytest.mark.parametrize(
    ("status", "final"), [("PAUSED", False), ("PENDING", False), ("DISABLED", True), ("REJECTED", True), ("X", True)]
)
def test_a_template_that_may_not_be_sent_now_or_ever(status: str, *, final: bool) -> None:
    refusal = gates.first_refusal(facts(kind="template", template=status), NOON)
    assert refusal == Verdict("template_usable", False, "template_not_usable", final=final)
    assert gates.first_refusal(facts(kind="template", template="APPROVED"), NOON) is None


def test_what_does_not_fit_its_template_is_refused_with_what_is_wrong() -> None:
    refusal = gates.first_refusal(facts(kind="template", misfit="the template's body takes 2 parameters"), NOON)
    assert refusal == Verdict(
        "template_fits", False, "template_misfit", final=True, detail="the template's body takes 2 parameters"
    )


def test_a_final_refusal_comes_before_one_that_waits() -> None:
    refusal = gates.first_refusal(facts(wrote=CLOSED, pause="billing"), NOON)
    assert refusal is not None
    assert refusal.gate == "window_open"


@pytest.mark.parametrize("wrote", [OPEN, CLOSED])
@pytest.mark.parametrize("pause", [None, "billing"])
def test_every_final_refusal_has_a_code_of_the_catalogue(wrote: datetime, pause: str | None) -> None:
    for verdict in gates.run(facts(wrote=wrote, pause=pause), NOON):
        assert verdict.passed == (verdict.code is None)
        assert not verdict.final or verdict.code in CATALOGUE
