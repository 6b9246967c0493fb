import base64

from simulator import ids

IDS = ids.Ids()


def decoded(wamid: str) -> bytes:
    prefix, _, rest = wamid.partition(".")
    assert prefix == "wamid"
    return base64.b64decode(rest, validate=True)


def test_a_businesss_wamid_has_the_recorded_bytes():
    raw = decoded(IDS.wamid_of_business("15550100001"))
    assert raw[:3] == b"\x1c\x18\x0b"
    assert raw[3:14] == b"15550100001"
    assert raw[14:20] == b"\x15\x02\x00\x11\x18\x12"
    assert len(raw) == 20 + 18 + 1
    assert raw[-1:] == b"\0"
    assert set(raw[20:-1]) <= set(b"0123456789ABCDEF")


def test_a_persons_wamid_differs_in_direction_and_length():
    raw = decoded(IDS.wamid_of_person("4915550100"))
    assert raw[2] == 10
    assert raw[13:19] == b"\x15\x02\x00\x12\x18\x14"
    assert len(raw) == 19 + 20 + 1


def test_wamids_never_repeat():
    assert len({IDS.wamid_of_business("15550100001") for _ in range(1000)}) == 1000


def test_trace_ids_have_metas_lengths():
    fbtrace_id, short = IDS.trace_ids()
    assert (len(fbtrace_id), fbtrace_id[0], len(short)) == (23, "A", 11)
    assert IDS.trace_ids() != (fbtrace_id, short)


def test_a_bsuid_is_stable_for_a_person_and_differs_between_portfolios():
    first = ids.bsuid("15550100001", "9001")
    assert first == ids.bsuid("15550100001", "9001")
    assert first != ids.bsuid("15550100001", "9002")
    assert first != ids.bsuid("15550100002", "9001")
    country, _, rest = first.partition(".")
    assert country == "US"
    assert rest.isdigit()


def test_a_bsuid_begins_with_the_country_of_the_number():
    assert ids.bsuid("4915550100", "9001").startswith("DE.")
    assert ids.bsuid("99915550100", "9001").startswith("US.")


def test_a_parent_id_is_its_own_parent():
    assert ids.parent_of("US.1349") == ids.parent_of("US.ENT.1349") == "US.ENT.1349"
