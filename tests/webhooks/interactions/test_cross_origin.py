"""What a browser is told before a page posts a press."""

import pytest

from tests.application import Kept
from tests.webhooks.interactions.device_presses import Post


class TestCrossOrigin:
    def test_a_browser_is_told_that_it_may(self, post: Post, kept: Kept) -> None:
        """What Chromium asks before a page of another origin may send JSON."""
        answer = post(
            b"",
            method="OPTIONS",
            Origin="https://app.example.com",
            Access_Control_Request_Method="PATCH",
            Access_Control_Request_Headers="content-type,x-their-own",
        )
        assert answer.status_code == 200
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert answer.headers["Access-Control-Allow-Headers"] == "content-type,x-their-own"
        assert "PATCH" in answer.headers["Access-Control-Allow-Methods"]
        assert answer.headers["Access-Control-Max-Age"] == "600"
        assert "Access-Control-Allow-Credentials" not in answer.headers
        assert kept() == []

    @pytest.mark.parametrize("names", ["x" * 1001, "a: b", "a\tb", "ü", "a,,b", ""])
    def test_names_that_are_none_are_not_given_back(self, post: Post, names: str) -> None:
        answer = post(b"", method="OPTIONS", Access_Control_Request_Headers=names)
        assert answer.status_code == 200
        assert "Access-Control-Allow-Headers" not in answer.headers
