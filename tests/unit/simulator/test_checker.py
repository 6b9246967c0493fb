"""The checker is only worth something if every planted fault is found and a clean history is clean."""

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.checker import ObservationInvalid, Observed, SeenMessage, check, message_key
from tests.unit.simulator.histories import HONEST, History, delivered, honest, message_id, opaque

FINDINGS = {
    "lost",
    "phantom",
    "duplicated",
    "unrecorded",
    "stuck",
    "lied",
    "inbound lost",
    "inbound phantom",
    "inbound duplicated",
    "events missing",
    "events unexpected",
    "events repeated",
    "over number rate",
    "over number rate with inbound",
    "over pair rate",
    "over messaging limit",
}
ONE, TWO = message_id(1), message_id(2)


@pytest.fixture
def history() -> History:
    """Something that went well, so that no finding is one about everything."""
    made = History()
    delivered(made, 99)
    made.write("wamid.of.ann")
    made.inbound.append("wamid.of.ann")
    return made


def found(history: History) -> dict[str, object]:
    """The lists that are not empty."""
    verdict = history.verdict()
    names = {name for name, _ in verdict.findings()}
    assert names == FINDINGS
    assert verdict.ok is not any(ids for _, ids in verdict.findings())
    return {name: ids for name, ids in verdict.findings() if ids}


def test_a_clean_history_is_clean(history):
    assert found(history) == {}
    assert history.verdict().ok


def test_nothing_at_all_is_clean():
    assert found(History()) == {}


@pytest.mark.parametrize("way", HONEST)
@pytest.mark.parametrize("seed", range(8))
def test_every_honest_way_is_clean(way, seed):
    history = History()
    way(history, 1, random.Random(seed))
    assert found(history) == {}


@pytest.mark.parametrize("state", ["failed", "expired", "cancelled", "held"])
def test_an_honest_end_without_meta_is_clean(history, state):
    history.show(1, state)
    assert found(history) == {}


def test_lost_because_meta_never_processed_it(history):
    history.show(1, "undelivered")
    assert found(history) == {"lost": [ONE]}


def test_lost_because_the_product_forgot_it(history):
    history.send(1)
    history.show(1, None)
    history.show(2, None)
    assert found(history) == {"lost": [ONE, TWO]}


def test_not_lost_without_a_202(history):
    history.show(1, None, accepted=False)
    assert found(history) == {}


def test_shown_as_accepted_by_meta_though_meta_never_saw_it(history):
    history.show(1, "accepted")
    assert found(history) == {"lost": [ONE], "lied": [ONE]}


def test_phantom(history):
    history.send(1)
    wamid = history.send(2, data="someone else's")
    bare = history.send(3, data=None)
    assert found(history) == {"phantom": [ONE, *sorted([wamid, bare])]}


def test_duplicated_with_different_attempts(history):
    delivered(history, 1)
    history.send(1, 2)
    history.send(1, 3)
    history.show(1, "delivered")
    assert found(history) == {"duplicated": {ONE: 3}}


def test_duplicated_by_repeating_one_attempt(history):
    delivered(history, 1)
    history.send(1, 1)
    history.show(1, "delivered")
    assert found(history) == {"duplicated": {ONE: 2}}


def test_unrecorded(history):
    wamid = history.send(1)
    history.status(1, wamid, "sent")
    history.show(1, "sent", attempts=0)
    assert found(history) == {"unrecorded": [ONE]}


@pytest.mark.parametrize("state", ["queued", "sending", "unknown"])
def test_stuck(history, state):
    history.send(1)
    history.show(1, state)
    assert found(history) == {"stuck": [ONE]}


@pytest.mark.parametrize(("state", "lists"), [("queued", {"stuck", "lost"}), ("unknown", {"stuck"})])
def test_stuck_and_never_processed(history, state, lists):
    history.show(1, state)
    assert found(history).keys() == lists


def test_lied_failed_though_processed(history):
    wamid = history.send(1)
    history.status(1, wamid, "sent")
    history.show(1, "failed")
    assert found(history) == {"lied": [ONE]}
    assert history.verdict().reasons == {ONE: "shown as failed, but Meta processed it and never said that it failed"}


def test_lied_failed_though_an_earlier_attempt_arrived(history):
    wamid = history.send(1)
    history.status(1, wamid, "failed")
    history.status(1, wamid, "delivered")
    history.show(1, "failed")
    assert found(history) == {"lied": [ONE]}


def test_failed_is_no_lie_while_the_product_could_not_know_that_it_arrived(history):
    wamid = history.send(1)
    history.status(1, wamid, "failed")
    history.status(1, wamid, "delivered", told=False)
    history.status(1, wamid, "delivered", acknowledged=False)
    history.show(1, "failed")
    assert found(history) == {}


@pytest.mark.parametrize("state", ["expired", "cancelled"])
def test_lied_never_sent_though_processed(history, state):
    history.send(1)
    history.show(1, state)
    assert found(history) == {"lied": [ONE]}


EVIDENCE = [
    ("sent", [], True),
    ("sent", ["delivered"], False),
    ("delivered", ["sent"], True),
    ("delivered", ["read"], False),
    ("read", ["sent", "delivered"], True),
    ("read", ["read"], False),
    ("played", ["read"], True),
]


@pytest.mark.parametrize(("state", "statuses", "lie"), EVIDENCE)
def test_lied_shown_without_a_word_from_meta(history, state, statuses, lie):
    wamid = history.send(1)
    for name in statuses:
        history.status(1, wamid, name)
    history.show(1, state)
    assert found(history) == ({"lied": [ONE]} if lie else {})


def test_lied_shown_as_delivered_though_that_status_was_dropped(history):
    wamid = history.send(1)
    history.status(1, wamid, "sent")
    history.status(1, wamid, "delivered", told=False)
    history.show(1, "delivered")
    assert found(history) == {"lied": [ONE]}


def test_a_status_whose_answer_was_lost_is_evidence(history):
    wamid = history.send(1)
    history.status(1, wamid, "delivered", acknowledged=False)
    history.show(1, "delivered")
    assert found(history) == {}


def test_inbound_lost_after_a_200(history):
    history.write("wamid.1")
    assert found(history) == {"inbound lost": ["wamid.1"]}


def test_inbound_lost_because_it_was_never_taken(history):
    history.write("wamid.1", acknowledged=False)
    assert found(history) == {"inbound lost": ["wamid.1"]}


def test_inbound_that_meta_gave_up_is_nobodys_loss(history):
    entry = history.write("wamid.1", acknowledged=False)
    history.post(entry["seq"], http=503, outcome="retry")
    history.post(entry["seq"], http=503, outcome="dropped")
    assert found(history) == {}


def test_inbound_that_was_acknowledged_once_is_a_loss_even_if_given_up_elsewhere(history):
    entry = history.write("wamid.1")
    history.post(entry["seq"], http=503, outcome="dropped")
    assert found(history) == {"inbound lost": ["wamid.1"]}


def test_inbound_for_nobody_is_no_loss_but_to_have_it_is_odd(history):
    history.write("wamid.1", told=False)
    assert found(history) == {}
    history.inbound.append("wamid.1")
    assert found(history) == {"inbound phantom": ["wamid.1"]}


def test_inbound_phantom_and_duplicated(history):
    history.inbound += ["wamid.nobody", "wamid.of.ann"]
    assert found(history) == {"inbound phantom": ["wamid.nobody"], "inbound duplicated": {"wamid.of.ann": 2}}


def test_counts(history):
    history.show(1, "held")
    history.add("fault", fault="drop_before", biz_opaque_callback_data=opaque(1))
    history.add("refused", code=130429)
    verdict = history.verdict()
    assert verdict.counts == {
        "entries": 9,
        "asked": 2,
        "accepted": 2,
        "processed": 1,
        "sends": 1,
        "refused": 1,
        "statuses": 2,
        "faults": 1,
        "inbound_written": 1,
        "inbound_stored": 1,
    }
    assert verdict.states == {"delivered": 1, "held": 1}
    assert verdict.faults == {"drop_before": 1}


@pytest.mark.parametrize("form", ["{}", "{:}", "upper"])
def test_ids_are_joined_however_they_are_written(form):
    history = History()
    delivered(history, 1)
    id_ = {"{}": ONE, "{:}": ONE.replace("-", ""), "upper": ONE.upper()}[form]
    assert check(history.entries, Observed(messages=[SeenMessage(id=id_, accepted=True, state="delivered")])).ok


def test_another_product_brings_its_own_key():
    history = History()
    history.send(1, data="order-77")
    observed = Observed(messages=[SeenMessage(id="order-77", accepted=True, state="accepted")])
    assert check(history.entries, observed).phantom
    assert check(history.entries, observed, key=lambda entry: entry["biz_opaque_callback_data"]).ok


@pytest.mark.parametrize(
    "data", [None, "", "t1", "t1.x.1.m", opaque(1)[:-17], opaque(1).replace("t1", "t2"), 7, "t1." + "0" * 32 + ".1."]
)
def test_what_is_not_the_products_form_has_no_key(data):
    assert message_key({"biz_opaque_callback_data": data}) is None
    assert message_key({}) is None


def test_the_key_is_the_message_whatever_the_attempt():
    assert message_key({"biz_opaque_callback_data": opaque(1, 12)}) == ONE


def test_a_message_listed_twice_is_refused():
    twice = [SeenMessage(id=id_, accepted=True, state="read") for id_ in (ONE, ONE.replace("-", ""), TWO)]
    with pytest.raises(ObservationInvalid, match=f"message {ONE} is listed more than once"):
        check([], Observed(messages=twice))


BAD_OBSERVATIONS = [
    b"",
    b"[]",
    b'{"messages":[{"id":"x"}]}',
    b'{"messages":[{"id":"x","accepted":true,"state":"gone"}]}',
    b'{"messages":[{"id":"x","accepted":true,"status":"read"}]}',
    b'{"received":[]}',
    b"\xff",
]


@pytest.mark.parametrize("body", BAD_OBSERVATIONS)
def test_observations_of_another_shape_are_refused(body):
    with pytest.raises(ObservationInvalid, match="the observation cannot be used"):
        Observed.from_json(body)


def test_the_verdict_as_json(history):
    history.show(1, "queued")
    shown = json.loads(history.verdict().as_json())
    assert shown["ok"] is False
    assert shown["stuck"] == shown["lost"] == [ONE]


ways = st.lists(st.integers(0, len(HONEST) - 1), max_size=40)
seeds = st.integers(0, 2**32)


def test_events_are_judged_against_those_that_were_expected():
    sent, read, failed = (ONE, "message.sent"), (ONE, "message.read"), (TWO, "message.failed")
    observed = Observed(expected_events=[sent, read], events=[sent, sent, failed])
    verdict = check([], observed)
    assert verdict.events_missing == [f"{ONE} message.read"]
    assert verdict.events_unexpected == [f"{TWO} message.failed"]
    assert verdict.events_repeated == {f"{ONE} message.sent": 2}
    assert check([], Observed(expected_events=[sent, read], events=[read, (ONE.replace("-", ""), "message.sent")])).ok


@pytest.mark.parametrize("given", [{"events": []}, {"expected_events": []}])
def test_events_without_their_counterpart_are_refused(given):
    with pytest.raises(ObservationInvalid, match="give both or neither"):
        check([], Observed(**given))


@given(ways, seeds)
def test_any_honest_history_is_clean(ways, seed):
    assert found(honest(ways, seed)) == {}


@given(ways, seeds, st.data())
def test_any_planted_duplicate_is_found(ways, seed, data):
    history = honest([0, *ways], seed)
    sends = [place for place, entry in enumerate(history.entries) if entry["kind"] == "send"]
    copied = history.entries[data.draw(st.sampled_from(sends))]
    place = data.draw(st.integers(0, len(history.entries)))
    history.entries.insert(place, {**copied, "wamid": "wamid.copy"})
    assert history.verdict().duplicated == {message_key(copied): 2}


@given(ways, seeds, st.data())
def test_any_planted_loss_is_found(ways, seed, data):
    history = honest([0, *ways], seed)
    sends = [entry for entry in history.entries if entry["kind"] == "send"]
    gone = message_key(data.draw(st.sampled_from(sends)))
    history.entries = [entry for entry in history.entries if message_key(entry) != gone]
    shown = history.messages[gone]
    history.messages[gone] = SeenMessage(id=shown.id, accepted=True, state=data.draw(st.sampled_from(["sent", None])))
    assert history.verdict().lost == [gone]


@given(ways, seeds, st.data())
def test_any_inbound_message_taken_away_is_found(ways, seed, data):
    history = honest(ways, seed)
    history.write("wamid.last")
    history.inbound.append("wamid.last")
    gone = data.draw(st.sampled_from(history.inbound))
    history.inbound.remove(gone)
    assert found(history) == {"inbound lost": [gone]}


def sends_twice(history: History, chance: random.Random) -> None:
    sends = [entry for entry in history.entries if entry["kind"] == "send"]
    history.entries.append({**chance.choice(sends), "wamid": "wamid.copy"})


def sends_for_nobody(history: History, _chance: random.Random) -> None:
    history.send(10_000)


def forgets_a_message(history: History, chance: random.Random) -> None:
    history.messages[chance.choice(list(history.messages))] = SeenMessage(id=message_id(9_999), accepted=True)


def leaves_one_stuck(history: History, chance: random.Random) -> None:
    id_ = chance.choice(list(history.messages))
    history.messages[id_] = SeenMessage(id=id_, accepted=True, state=chance.choice(["queued", "sending", "unknown"]))


def denies_what_arrived(history: History, _chance: random.Random) -> None:
    history.show(99, "failed")


def stores_twice(history: History, chance: random.Random) -> None:
    history.inbound.append(chance.choice(history.inbound))


def stores_what_nobody_wrote(history: History, _chance: random.Random) -> None:
    history.inbound.append("wamid.nobody")


def loses_what_was_written(history: History, chance: random.Random) -> None:
    history.inbound.remove(chance.choice(history.inbound))


def hides_an_attempt(history: History, _chance: random.Random) -> None:
    history.show(99, "delivered", attempts=0)


MUTATIONS = [
    sends_twice,
    sends_for_nobody,
    forgets_a_message,
    leaves_one_stuck,
    denies_what_arrived,
    stores_twice,
    stores_what_nobody_wrote,
    loses_what_was_written,
    hides_an_attempt,
]


@given(ways, seeds, st.sampled_from(MUTATIONS))
def test_any_mutation_of_an_honest_history_is_found(ways, seed, mutate):
    history = honest(ways, seed)
    delivered(history, 99)
    history.write("wamid.last")
    history.inbound.append("wamid.last")
    assert found(history) == {}
    mutate(history, random.Random(seed))
    assert found(history) != {}
