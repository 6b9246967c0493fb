import pytest

from simulator.summary import Summary


@pytest.fixture
def summary() -> Summary:
    return Summary()


def emitted(summary: Summary, seq: int, status: str, *apps: str) -> None:
    summary.observe({"seq": seq, "kind": "status", "status": status, "apps": list(apps)})


def posted(summary: Summary, app_id: str, outcome: str, *updates: int, attempt: int = 1) -> None:
    summary.observe(
        {"kind": "webhook", "app_id": app_id, "outcome": outcome, "attempt": attempt, "updates": list(updates)}
    )


def test_an_update_is_acknowledged_when_every_app_has_done_so(summary):
    emitted(summary, 1, "sent", "10", "20")
    posted(summary, "10", "acknowledged", 1)
    assert summary.owed(1) == {"20"}
    assert summary.as_json()["statuses"]["sent"] == {"emitted": 1, "acknowledged": 0}
    posted(summary, "20", "acknowledged", 1)
    assert summary.owed(1) == frozenset()
    assert summary.as_json()["statuses"]["sent"] == {"emitted": 1, "acknowledged": 1}


def test_a_repeated_acknowledgement_counts_once(summary):
    emitted(summary, 1, "sent", "10")
    posted(summary, "10", "acknowledged", 1)
    posted(summary, "10", "acknowledged", 1)
    assert summary.as_json()["statuses"]["sent"]["acknowledged"] == 1
    assert summary.as_json()["webhooks"]["posts"] == 2


def test_a_retry_leaves_the_update_owed(summary):
    emitted(summary, 1, "read", "10")
    posted(summary, "10", "retry", 1)
    assert summary.pending_updates == 1
    posted(summary, "10", "acknowledged", 1, attempt=2)
    assert summary.as_json()["webhooks"] == {
        "posts": 2,
        "acknowledged": 1,
        "retries": 1,
        "dropped_updates": 0,
        "pending_updates": 0,
    }


def test_a_dropped_update_is_no_longer_owed_and_not_acknowledged(summary):
    emitted(summary, 1, "read", "10")
    posted(summary, "10", "dropped", 1, attempt=30)
    assert summary.pending_updates == 0
    assert summary.as_json()["statuses"]["read"] == {"emitted": 1, "acknowledged": 0}
    assert summary.as_json()["webhooks"]["dropped_updates"] == 1


def test_without_an_app_nothing_is_owed(summary):
    emitted(summary, 1, "sent")
    assert summary.pending_updates == 0
    assert summary.as_json()["statuses"]["sent"] == {"emitted": 1, "acknowledged": 0}
