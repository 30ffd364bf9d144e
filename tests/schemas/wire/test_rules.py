"""The type rules of the wire."""

from datetime import UTC, datetime

import pytest

from comethooks.schemas.wire import rules
from tests.looped import looped

MEANINGLESS = [None, "", True, False, [], {}, ["57"], {"id": "57"}]


class TestToId:
    @pytest.mark.parametrize("value", ["57", 57, 57.0])
    def test_is_a_string_however_it_was_sent(self, value):
        """Webhooks send strings, UI Kits numbers."""
        assert rules.to_id(value) == "57"

    def test_keeps_large_integers_exact(self):
        """A float would not."""
        assert rules.to_id(2**70) == str(2**70)

    @pytest.mark.parametrize("value", [*MEANINGLESS, 5.5, float(2**70), float("inf")])
    def test_is_none_otherwise(self, value):
        """It means nothing, and raises nothing."""
        assert rules.to_id(value) is None


class TestToText:
    @pytest.mark.parametrize("value", ["a", " ", "\ud83d", "a\x00b"])
    def test_keeps_any_non_empty_string(self, value):
        """Halves of emoji and NUL too."""
        assert rules.to_text(value) == value

    @pytest.mark.parametrize("value", [*MEANINGLESS, 5])
    def test_is_none_otherwise(self, value):
        """It means nothing, and raises nothing."""
        assert rules.to_text(value) is None


class TestToParty:
    @pytest.mark.parametrize(
        "value", ["ada", {"uid": "ada"}, {"guid": "ada"}, {"uid": "", "guid": "ada"}]
    )
    def test_is_the_uid_or_guid(self, value):
        """Bare, or in an object."""
        assert rules.to_party(value) == "ada"

    @pytest.mark.parametrize("value", [57, {"uid": 57}, {"guid": 57.0}])
    def test_is_a_string_when_the_id_is_a_number(self, value):
        """Some apps take their users' ids from a database."""
        assert rules.to_party(value) == "57"

    @pytest.mark.parametrize("value", [*MEANINGLESS, 5.5, {"uid": True}, {"uid": {"uid": "ada"}}])
    def test_is_none_otherwise(self, value):
        """It means nothing, and raises nothing."""
        assert rules.to_party(value) is None


class TestToReceiverType:
    @pytest.mark.parametrize(
        "value, kind", [("user", "user"), ("USER", "user"), ("Group", "group"), ("GROUP", "group")]
    )
    def test_is_read_in_any_case(self, value, kind):
        """The SDKs write it in capitals, too."""
        assert rules.to_receiver_type(value) == kind

    @pytest.mark.parametrize("value", [*MEANINGLESS, "users", 5])
    def test_is_none_otherwise(self, value):
        """It means nothing, and raises nothing."""
        assert rules.to_receiver_type(value) is None


class TestToMilliseconds:
    @pytest.mark.parametrize(
        "value",
        [
            1760000301,
            1760000301000,
            1760000301000000,
            "1760000301",
            "1760000301000",
            1760000301.0,
            "1760000301.0",
        ],
    )
    def test_tells_the_unit_by_the_size(self, value):
        """Seconds, milliseconds or microseconds."""
        assert rules.to_milliseconds(value) == 1760000301000

    def test_keeps_fractions_of_seconds(self):
        """As milliseconds."""
        assert rules.to_milliseconds(1760000301.25) == 1760000301250

    @pytest.mark.parametrize(
        "value",
        [
            "2025-10-09T08:58:21Z",
            "2025-10-09T08:58:21",
            "2025-10-09 08:58:21",
            "2025-10-09T08:58:21.000Z",
            "2025-10-09T10:58:21+02:00",
            "2025-10-09T03:58:21-0500",
        ],
    )
    def test_reads_a_date(self, value):
        """Of ISO 8601; without an offset it is in UTC."""
        assert rules.to_milliseconds(value) == 1760000301000

    def test_a_day_begins_at_midnight(self):
        """In UTC."""
        assert rules.to_milliseconds("2025-10-09") == 1759968000000

    @looped(
        "value",
        [
            *MEANINGLESS,
            0,
            "0",
            -5,
            "-5",
            2**70,
            float(2**70),
            "9" * 30,
            float("inf"),
            float("nan"),
            "nan",
            "1_000",
            " 5",
            "5 ",
            "\u0665",
            "yesterday",
            "2025-10",
            "2025-13-09",
            "2025-10-09T08:58:21Z and later",
            "2025-10-09T25:58:21Z",
            "1969-12-31T23:59:59Z",
            "0001-01-01T00:00:00+23:00",
            "9" * 30 + "-10-09",
        ],
    )
    def test_is_none_for_a_time_that_never_was(self, value):
        """0 is what CometChat writes for it; texts that are no date mean nothing either."""
        assert rules.to_milliseconds(value) is None


class TestToObject:
    @pytest.mark.parametrize("value", [{}, []])
    def test_an_empty_list_is_an_empty_object(self, value):
        """PHP cannot tell them apart."""
        assert rules.to_object(value) == {}

    @pytest.mark.parametrize("value", [None, "", 5, True, [5], [{}]])
    def test_is_none_otherwise(self, value):
        """It means nothing, and raises nothing."""
        assert rules.to_object(value) is None


class TestToNewest:
    def test_is_the_last_of_a_list(self):
        """They come in the order of time."""
        assert rules.to_newest([5, {"a": 1}, {"b": 2}]) == {"b": 2}

    @pytest.mark.parametrize("value", [None, "", 5, {}, [], [{}, 5]])
    def test_is_none_otherwise(self, value):
        """It means nothing, and raises nothing."""
        assert rules.to_newest(value) is None


class TestToObjectsById:
    @pytest.mark.parametrize(
        "value",
        [
            {"ada": {"uid": "ada", "scope": "admin"}, "57": {"uid": 57}},
            [{"uid": "ada", "scope": "admin"}, {"uid": 57}],
        ],
    )
    def test_is_the_same_by_id_and_in_a_list(self, value):
        """With whatever stands there."""
        found = {"ada": {"uid": "ada", "scope": "admin"}, "57": {"uid": 57}}
        assert rules.to_objects_by_id(value) == found

    def test_uids_may_stand_alone_in_a_list(self):
        """What has none is nobody."""
        value = ["ada", 57, None, [], {}, {"name": "Ben"}]
        assert rules.to_objects_by_id(value) == {"ada": {"uid": "ada"}, "57": {"uid": 57}}

    @pytest.mark.parametrize("value", [None, "", 5, True, "ada"])
    def test_is_none_otherwise(self, value):
        """It means nothing, and raises nothing."""
        assert rules.to_objects_by_id(value) is None


class TestToDatetime:
    def test_is_aware_and_in_utc(self):
        """Whatever the time zone of the host is."""
        moment = datetime(2025, 10, 9, 8, 58, 21, 125000, tzinfo=UTC)
        assert rules.to_datetime(1760000301125) == moment

    @pytest.mark.parametrize("value", [None, 10**18, -(10**18), 10**400])
    def test_is_none_beyond_any_calendar(self, value):
        """A year 300,000 is no error."""
        assert rules.to_datetime(value) is None
