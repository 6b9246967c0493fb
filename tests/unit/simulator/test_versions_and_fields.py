import pytest

from simulator.graph.errors import GraphError
from simulator.graph.fields import NodeType, select
from simulator.graph.versions import VersionUnknown, resolve

NODE = {"id": "3", "status": "CONNECTED", "throughput": {"level": "HIGH"}, "verified_name": "Business"}


def test_a_living_version_answers_as_itself():
    assert resolve("v24.0") == ("v24.0", None)


def test_an_expired_version_is_upgraded_with_a_warning():
    version, warning = resolve("v19.0")
    assert version == "v21.0"
    assert warning == "The call has been auto-upgraded to v21.0 as v19.0 will be deprecated."


@pytest.mark.parametrize("segment", ["v27.0", "v0.0", "v999.0"])
def test_a_version_that_never_was_is_unknown(segment):
    with pytest.raises(VersionUnknown):
        resolve(segment)


@pytest.mark.parametrize("segment", ["333", "v24", "v24.1", "messages", ""])
def test_anything_else_is_no_version(segment):
    assert resolve(segment) is None


def test_without_fields_the_default_ones_are_shown():
    assert select(NODE, NodeType("T", ("id", "status")), None) == {"id": "3", "status": "CONNECTED"}


def test_wanted_fields_come_with_the_id():
    assert select(NODE, NodeType("T", ("id",)), "verified_name, throughput{level}") == {
        "id": "3",
        "verified_name": "Business",
        "throughput": {"level": "HIGH"},
    }


def test_fields_that_have_no_value_are_left_out():
    type_ = NodeType("T", ("id",), empty=frozenset({"username"}))
    assert select(NODE, type_, "username,status") == {"id": "3", "status": "CONNECTED"}


def test_an_unknown_field_is_refused_in_metas_words():
    with pytest.raises(GraphError) as caught:
        select(NODE, NodeType("T", ("id",)), "verified_name,shoe_size")
    assert caught.value.message == "(#100) Tried accessing nonexisting field (shoe_size) on node type (T)"


@pytest.mark.parametrize("fields", ["a b", "status,{", "Ü", ","])
def test_nonsense_is_a_syntax_error(fields):
    with pytest.raises(GraphError, match="Syntax error"):
        select(NODE, NodeType("T", ("id",)), fields)
