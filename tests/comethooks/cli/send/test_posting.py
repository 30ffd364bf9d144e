"""Posting over several connections, and what is said of it."""

import threading
import time
from itertools import repeat

import pytest

from comethooks.cli.send.posting import Posted, post_all
from comethooks.cli.send.tally import SendTally

OK = Posted(0.001, 200, '{"id": "1"}')


class TestPostAll:
    def test_a_series_is_sent_one_after_the_other(self):
        """While others go on."""
        sent, lock, both = [], threading.Lock(), threading.Barrier(2)

        def send(body):
            if body in (b"a1", b"b1"):
                both.wait(10)
            with lock:
                sent.append(body)
            return OK

        answers = list(post_all(send, [[b"a1", b"a2"], [b"b1", b"b2"]], connections=2))
        assert len(answers) == 4
        assert sent.index(b"a1") < sent.index(b"a2")
        assert sent.index(b"b1") < sent.index(b"b2")

    def test_a_series_with_nothing_in_it_is_none(self):
        """It costs neither a body nor a turn."""
        assert list(post_all(lambda body: OK, [[], [b"a"], []])) == [OK]

    def test_what_the_bodies_raise_is_raised_here(self):
        """Also when a thread was reading them; what was sent before is answered."""

        def bodies():
            yield [b"a"]
            raise ValueError("line 2")

        answers = post_all(lambda body: OK, bodies(), connections=3)
        assert next(answers) == OK
        with pytest.raises(ValueError, match="line 2"):
            list(answers)

    @pytest.mark.parametrize("bodies", [1, 10**9])
    def test_nothing_is_sent_after_it_was_closed(self, bodies):
        """No thread is left, not even in the middle of a long series."""
        sent = []

        def send(body):
            sent.append(body)
            return OK

        answers = post_all(send, (repeat(b"a", bodies) for _ in range(10**9)), connections=4)
        next(answers)
        before = threading.active_count()
        answers.close()
        assert threading.active_count() == before - 4
        assert len(sent) < 10**9

    def test_closing_does_not_wait_for_the_next_turn(self):
        """However far away it is."""
        answers = post_all(lambda body: OK, ([b"a"] for _ in range(3)), rate=0.001, connections=2)
        next(answers)
        started = time.monotonic()
        answers.close()
        assert time.monotonic() - started < 5

    def test_a_rate_is_kept_over_all_connections(self):
        """Also within a series."""
        started = time.monotonic()
        series = [[b"a"] * 5 for _ in range(4)]
        assert len(list(post_all(lambda body: OK, series, rate=100, connections=8))) == 20
        assert time.monotonic() - started >= 0.19

    def test_a_body_is_made_when_it_is_due(self):
        """Not long before, however many connections wait: what is in it happened just now."""
        made = []

        def series():
            for _ in range(4):
                made.append(time.monotonic())
                yield [b"a"]

        answers = post_all(lambda body: OK, series(), rate=20, connections=8)
        for number, _ in enumerate(answers, 1):
            assert len(made) <= number + 1


class TestTally:
    def tally(self, *answers, **options):
        found = SendTally(10.0, **options)
        for answer in answers:
            found.count(answer)
        return found.line(12.0)

    def test_says_how_many_at_which_rate_and_how_long_it_took(self):
        """By the nearest rank."""
        answers = [Posted(number / 1000, 200, "{}") for number in range(1, 101)]
        assert self.tally(*answers) == (
            "100 sent: 100 accepted, 0 refused, 50.0 per second, "
            "p50 50.0 ms, p95 95.0 ms, p99 99.0 ms, max 100.0 ms"
        )

    def test_tells_what_was_refused_from_what_was_not_answered(self):
        """They mean something different."""
        line = self.tally(OK, Posted(0.1, 503, "busy"), Posted(0.1, error="ReadTimeout"))
        assert line.startswith(
            "3 sent: 1 accepted, 1 refused, 1 without an answer, 1.5 per second, "
        )

    def test_duplicates_are_said_when_there_are_any_or_were_asked_for(self):
        """A refused one is none, whatever it says."""
        duplicate = Posted(0.1, 200, '{"id": "1", "duplicate": true}')
        refused = Posted(0.1, 503, '{"duplicate": true}')
        assert self.tally(OK, duplicate, refused).startswith(
            "3 sent: 2 accepted (1 recognised as duplicates), 1 refused"
        )
        assert self.tally(OK, OK, doubled=True).startswith(
            "2 sent: 2 accepted (0 of 1 recognised as duplicates)"
        )

    def test_nothing_sent_is_no_division_by_nothing(self):
        """When it was interrupted before the first answer."""
        assert self.tally().startswith("0 sent: 0 accepted, 0 refused, 0.0 per second, p50 0.0 ms")
