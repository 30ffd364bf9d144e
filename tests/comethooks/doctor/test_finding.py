"""What a check may do without harming the others."""

import threading
from collections.abc import Iterator

from comethooks.doctor.finding import Finding, caught, guarded
from tests.comethooks.doctor.findings import OK, WRONG

FINE = Finding("test.fine", OK, "it is")


def breaking() -> Iterator[Finding]:
    yield FINE
    raise ValueError("secret")


class TestCaught:
    def test_a_check_that_raises_is_a_finding_after_what_it_found(self) -> None:
        """Its name, the type of the error and its place are told, and not its text, which may quote
        anything.
        """
        first, second = caught("test", breaking)
        assert first == FINE
        assert (second.check, second.level) == ("test", WRONG)
        assert "ValueError at " in second.detail
        assert "test_finding.py:" in second.detail
        assert "secret" not in second.detail

    def test_one_that_does_not_is_left_as_it_is(self) -> None:
        """Nothing is added."""
        assert list(caught("test", lambda: [FINE])) == [FINE]


class TestGuarded:
    def test_a_check_that_waits_for_ever_is_left_behind(self) -> None:
        """It is a finding, and the next check is not kept waiting."""
        silence = threading.Event()

        def waiting() -> Iterator[Finding]:
            silence.wait()
            yield FINE

        (finding,) = guarded("test", waiting, seconds=0.05)
        silence.set()
        assert (finding.check, finding.level) == ("test", WRONG)
        assert finding.detail == "no answer after 0.05 s"

    def test_one_that_raises_is_a_finding_too(self) -> None:
        """The thread that it runs in does not swallow it."""
        assert [finding.level for finding in guarded("test", breaking)] == [OK, WRONG]


def test_a_finding_is_a_document_with_null_for_no_advice() -> None:
    """The fields are always there."""
    assert FINE.document() == {
        "check": "test.fine",
        "level": "ok",
        "detail": "it is",
        "advice": None,
    }
