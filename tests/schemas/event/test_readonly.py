"""Views that cannot be written through."""

import json

import pytest

from comethooks.schemas import ReadOnlyDict, ReadOnlyList

BODY = {"a": {"b": [1, {"c": "d"}, [2]]}, "e": None}


class TestReadOnly:
    view = ReadOnlyDict(BODY)

    def test_reads_like_a_dict(self):
        """By key, by membership, by iteration."""
        assert dict(self.view).keys() == BODY.keys()
        assert self.view["a"]["b"][1]["c"] == "d"
        assert self.view.get("nosuch") is None
        assert "a" in self.view
        assert len(self.view) == 2
        with pytest.raises(KeyError):
            self.view["nosuch"]

    def test_reads_like_a_list(self):
        """By index, by slice, by iteration."""
        items = self.view["a"]["b"]
        assert list(items) == [1, {"c": "d"}, [2]]
        assert items[-1:] == [[2]]
        assert len(items) == 3

    def test_equals_what_it_shows(self):
        """A test can compare it with a literal."""
        assert self.view == BODY == self.view
        assert self.view == ReadOnlyDict(BODY)
        assert self.view["a"]["b"] == BODY["a"]["b"]
        assert self.view["a"]["b"] == ReadOnlyList(BODY["a"]["b"])
        assert self.view != {}

    def test_nothing_in_it_can_be_changed(self):
        """Handlers of one event share it."""
        with pytest.raises(TypeError):
            self.view["a"]["b"][1]["c"] = "x"
        with pytest.raises(TypeError):
            self.view["a"]["b"][0] = "x"
        with pytest.raises(TypeError):
            del self.view["a"]
        assert not hasattr(self.view["a"]["b"], "append")

    def test_a_copy_is_plain_and_its_own(self):
        """It can be changed and encoded."""
        copied = self.view.copy()
        copied["a"]["b"][1]["c"] = "x"
        copied["a"]["b"].append(3)
        assert self.view["a"]["b"] == [1, {"c": "d"}, [2]]
        assert json.loads(json.dumps(self.view.copy())) == BODY
        assert self.view["a"]["b"].copy() == BODY["a"]["b"]

    def test_a_copy_goes_as_deep_as_a_body_can(self):
        """Without recursion."""
        deep: dict = {}
        for _ in range(5_000):
            deep = {"a": [deep]}
        copied = ReadOnlyDict(deep).copy()
        levels = 0
        while copied:
            copied, levels = copied["a"][0], levels + 1
        assert levels == 5_000

    def test_shows_no_content(self):
        """A body must not get into a log by way of a repr."""
        assert repr(self.view) == "<read-only dict of 2>"
        assert repr(self.view["a"]["b"]) == "<read-only list of 3>"
