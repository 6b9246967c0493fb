"""docs/simulator-coverage.md says what the simulator has, as its tables do, and leaves nothing out."""

from tests.conformance.reference import folder
from tools import simulator_coverage


def test_the_document_is_in_step():
    folder()  # skips where Meta's description is not at hand
    assert simulator_coverage.DOCUMENT.read_text("utf-8") == simulator_coverage.document()


def test_every_operation_of_metas_description_has_a_line():
    folder()
    lines = list(simulator_coverage._of_openapi())
    assert ("POST", "`/{Version}/{Phone-Number-ID}/messages`", "present") in lines
    assert ("POST", "`/{Version}/{Phone-Number-ID}/register`", "later: management") in lines
