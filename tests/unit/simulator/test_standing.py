import pytest

from simulator.standing import late_obstacle, obstacle
from simulator.state import Number, Waba

NOW = 1_800_000_000.0


def number(**state: object) -> Number:
    return Number("3", "2", "+1 555 010 0000", "Business", **state)


def waba(**state: object) -> Waba:
    return Waba("2", "Business", "9", **state)


def restricted(kind: str, **more: object) -> Waba:
    return waba(restrictions=[{"restriction_type": f"RESTRICTED_{kind}_MESSAGING", **more}])


STATES = [
    (number(), waba(), None, None),
    (number(quality_rating="YELLOW"), waba(), None, None),
    (number(quality_rating="RED"), waba(), None, 131048),
    (number(status="RESTRICTED"), waba(), None, 131048),
    (number(status="FLAGGED"), waba(), None, None),
    (number(status="BANNED"), waba(), 131031, 131031),
    (number(status="DISCONNECTED"), waba(), 133010, 133010),
    (number(status="PENDING"), waba(), 133010, 133010),
    (number(upgrade_until=NOW + 1), waba(), 131057, 131057),
    (number(upgrade_until=NOW), waba(), None, None),
    (number(), waba(ban_state="DISABLE"), 131031, 131031),
    (number(), waba(ban_state="SCHEDULE_FOR_DISABLE"), None, None),
    (number(), restricted("BIZ_INITIATED"), None, 368),
    (number(), restricted("CUSTOMER_INITIATED"), 368, None),
    (number(), restricted("BIZ_INITIATED", expiration=NOW + 1), None, 368),
    (number(), restricted("BIZ_INITIATED", expiration=NOW), None, None),
]


@pytest.mark.parametrize(("number_", "waba_", "inside", "outside"), STATES)
def test_the_state_decides_who_may_be_written_to(number_, waba_, inside, outside):
    assert obstacle(number_, waba_, NOW, outside_window=False) == inside
    assert obstacle(number_, waba_, NOW, outside_window=True) == outside


def test_without_payment_only_messages_outside_a_window_fail():
    assert late_obstacle(waba(payment_problem=True), outside_window=True) == 131042
    assert late_obstacle(waba(payment_problem=True), outside_window=False) is None
    assert late_obstacle(waba(), outside_window=True) is None
