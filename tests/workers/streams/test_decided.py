"""Keeping what was decided on: the verdict is given again to whoever repeats the request."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from comethooks.workers.record import FORMAT, Kind, Vote, cost, encode_meta
from comethooks.workers.states import DecisionAction
from comethooks.workers.streams import keys
from comethooks.workers.streams.accepted import DETAILS_SECONDS, Accepted
from tests.redis_server import RedisServer
from tests.workers.streams.accepting import KEY, a_decided, a_record, entries, streams


class TestDecisions:
    def test_a_decision_is_in_the_stream_with_its_votes(self, server: RedisServer) -> None:
        """And the answer to a fresh event is its own decision."""
        record = a_decided(DecisionAction.DROP, votes=(Vote("p.f", DecisionAction.DROP, 1.5),))
        accepted = streams(server).accept(record, duplicate_key=KEY, has_time=True, details=b"why")
        assert accepted == Accepted(record.id, False, DecisionAction.DROP, b"why")
        assert entries(server.client()) == [record]

    def test_the_backlog_counts_what_an_older_worker_takes_back(self, server: RedisServer) -> None:
        """It knows nothing of decisions, so their bytes do not count."""
        vote, client = Vote("p.f", DecisionAction.DROP, 1.5), server.client()
        record = a_decided(DecisionAction.DROP, votes=(vote,))
        streams(server).accept(record, duplicate_key=KEY, has_time=True)
        assert int(client.get(keys.BACKLOG) or 0) == cost(
            {b"m": encode_meta(record), b"b": record.body}
        )

    @pytest.mark.parametrize("first", DecisionAction)
    def test_a_repeat_gets_what_was_decided_first_whatever_is_decided_now(
        self, server: RedisServer, first: DecisionAction
    ) -> None:
        """Also from another process, as after one that was killed before it had answered."""
        record = a_decided(first)
        streams(server).accept(record, duplicate_key=KEY, has_time=True, details=b"first")
        for again in (*DecisionAction, None):
            given = streams(server).accept(
                a_decided(again), duplicate_key=KEY, has_time=True, details=b"other"
            )
            assert given == Accepted(record.id, True, first, b"first")
        _, *repeats = entries(server.client())
        assert {(each.event_id, each.decision) for each in repeats} == {(record.id, None)}

    def test_a_repeat_names_the_first_one_as_older_workers_read_it(
        self, server: RedisServer
    ) -> None:
        """By the sixteen bytes of its id, without the verdict that stands behind them."""
        writer, client = streams(server), server.client()
        for _ in range(2):
            writer.accept(a_decided(DecisionAction.DROP), duplicate_key=KEY, has_time=True)
        found = [fields for p in range(4) for _, fields in client.xrange(keys.stream(p))]
        assert [len(fields[b"e"]) for fields in found if b"e" in fields] == [16]

    def test_a_repeat_of_what_nobody_decided_on_has_no_decision(self, server: RedisServer) -> None:
        """The first one was let through, so its repeat is, too."""
        record = a_record()
        streams(server).accept(record, duplicate_key=KEY, has_time=True)
        given = streams(server).accept(
            a_decided(DecisionAction.DROP), duplicate_key=KEY, has_time=True, details=b"why"
        )
        assert given == Accepted(record.id, True)

    def test_of_fifty_equal_ones_at_once_all_get_one_verdict(self, server: RedisServer) -> None:
        """Whatever each of them was decided to be."""
        writer = streams(server)

        def accepted(number: int) -> Accepted:
            action = list(DecisionAction)[number % 3]
            record = a_decided(action)
            details = record.id.encode()
            return writer.accept(record, duplicate_key=KEY, has_time=True, details=details)

        with ThreadPoolExecutor(50) as pool:
            answers = list(pool.map(accepted, range(50)))
        (event,) = (each for each in entries(server.client()) if each.kind is Kind.EVENT)
        assert {(each.id, each.decision, each.details) for each in answers} == {
            (event.id, event.decision, event.id.encode())
        }
        assert sum(not each.duplicate for each in answers) == 1

    def test_a_verdict_is_known_as_long_as_the_event_is_and_its_details_for_two_minutes(
        self, server: RedisServer
    ) -> None:
        """In the compact encoding: values of a hash have at most 64 bytes."""
        record, client = a_decided(DecisionAction.ANNOTATE), server.client()
        writer = streams(server)
        writer.accept(record, duplicate_key=KEY, has_time=True, details=b"{}")
        (details,) = client.scan_iter(f"{keys.DUPLICATES}:*:details:*")
        assert DETAILS_SECONDS - 5 < client.ttl(details) <= DETAILS_SECONDS
        (bucket,) = set(client.scan_iter(f"{keys.DUPLICATES}:*")) - {details}
        assert client.ttl(bucket) > 86_400
        assert client.object("ENCODING", bucket) == b"listpack"
        assert [len(value) for value in client.hvals(bucket)] == [17]
        client.delete(details)
        given = writer.accept(a_record(), duplicate_key=KEY, has_time=True)
        assert given == Accepted(record.id, True, DecisionAction.ANNOTATE)

    def test_what_nobody_decided_on_leaves_nothing_more_than_its_id(
        self, server: RedisServer
    ) -> None:
        """Nearly all events: a value of 16 bytes, four fields, no key of its own."""
        client = server.client()
        streams(server).accept(a_record(), duplicate_key=KEY, has_time=True, details=b"unused")
        (bucket,) = client.scan_iter(f"{keys.DUPLICATES}:*")
        assert [len(value) for value in client.hvals(bucket)] == [16]
        fields = [set(found) for p in range(4) for _, found in client.xrange(keys.stream(p))]
        assert fields == [{b"v", b"k", b"m", b"b"}]

    def test_when_nothing_more_is_kept_a_repeat_still_gets_the_first_verdict(
        self, server: RedisServer
    ) -> None:
        """It has been decided on, and kept, before."""
        writer, record = streams(server, backlog=1000), a_decided(DecisionAction.DROP)
        writer.accept(record, duplicate_key=KEY, has_time=True)
        again = a_record(body=b"x" * 1000)
        assert writer.accept(again, duplicate_key=KEY, has_time=True).decision == "drop"

    def test_what_an_older_web_process_says_of_a_repeat_can_be_read(
        self, server: RedisServer
    ) -> None:
        """It takes all that stands under the key for the id, the verdict behind it too."""
        first, client = a_decided(DecisionAction.DROP), server.client()
        streams(server).accept(first, duplicate_key=KEY, has_time=True)
        (bucket,) = client.scan_iter(f"{keys.DUPLICATES}:*")
        (stored,) = client.hvals(bucket)
        repeat = a_record()
        fields = {"v": FORMAT, "k": "duplicate", "m": encode_meta(repeat), "b": "", "e": stored}
        client.xadd(keys.stream(0), fields)
        assert first.id in {each.event_id for each in entries(client)}
