"""What a press gets that its token does not prove, or that cannot be read."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comethooks.webhooks.interactions.presses import MAX_BODY
from comethooks.workers.presses.tokens import InteractionToken, mint
from comethooks.workers.record import Kind
from comethooks.workers.settings.interaction_keys import InteractionKey
from tests.application import Kept
from tests.webhooks.interactions.device_presses import BODY, KEY, Post, press, token

WRONG: dict[str, tuple[Callable[[], str], Any]] = {
    "forged": (lambda: mint([InteractionKey("k1", b"x" * 32)], TOKEN), BODY),
    "cut": (lambda: token()[:-1], BODY),
    "over-long": (lambda: token() + "x" * 500, BODY),
    "of an unknown key": (lambda: mint([InteractionKey("k2", KEY.secret)], TOKEN), BODY),
    "expired": (lambda: token(expires=1), BODY),
    "none": (lambda: "", BODY),
    "of another app": (token, {**BODY, "appID": "app2"}),
    "of another app by its other name": (token, {**BODY, "appID": None, "appId": "app2"}),
    "of another message": (token, press(messageId=58)),
    "of an app with an id that is too long to be read": (token, {**BODY, "appID": "x" * 1001}),
    "of a message with such an id": (token, press(messageId="x" * 1001)),
}
TOKEN = InteractionToken(app="app1", message="57")


class TestForbidden:
    @pytest.mark.parametrize("wrong", WRONG)
    def test_nothing_is_told_and_nothing_but_a_sample_is_kept(
        self, post: Post, kept: Kept, wrong: str
    ) -> None:
        """Without a body, and at most one in ten seconds."""
        make, body = WRONG[wrong]
        for _ in range(3):
            answer = post(body, make())
            document = answer.get_json()
            assert document.pop("request_id") == answer.headers["X-Request-Id"]
            assert document == {
                "type": "about:blank",
                "title": "Forbidden",
                "status": 403,
                "detail": "This URL does not take that.",
            }
            assert answer.headers["Access-Control-Allow-Origin"] == "*"
        [record] = kept()
        assert (record.kind, record.status, record.body) == (Kind.REFUSED, 403, b"")
        assert record.reason == "the token does not prove this press"
        assert record.app_id is None

    @pytest.mark.parametrize("body", [b"no JSON", b"[]", b"x" * (MAX_BODY + 1), b"\x1f\x8b"])
    def test_the_token_comes_first(self, post: Post, body: bytes) -> None:
        """Whoever has none learns nothing from the rest."""
        assert post(body, token()[:-1]).status_code == 403

    def test_it_takes_the_same_time_whatever_is_wrong(self, post: Post) -> None:
        """Measured in turns, and as the processor time that it takes."""
        cases = [(make(), body) for make, body in WRONG.values()]
        taken: list[list[float]] = [[] for _ in cases]
        for _ in range(60):
            for (text, body), times in zip(cases, taken, strict=True):
                began = time.thread_time()
                post(body, text)
                times.append(time.thread_time() - began)
        # The least of each: whatever else this machine does only makes them longer.
        least = [min(times) for times in taken]
        assert max(least) < 1.5 * min(least), dict(zip(WRONG, least, strict=True))

    @settings(
        deadline=None,
        max_examples=60,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(data=st.data())
    def test_no_altered_token_changes_any_row(
        self, post: Post, kept: Kept, data: st.DataObject
    ) -> None:
        """Cut, extended, or with other characters anywhere."""
        text = token()
        start = data.draw(st.integers(0, len(text) - 1))
        end = data.draw(st.integers(start, len(text)))
        put = data.draw(st.text("abcXYZ019-_.", max_size=4))
        altered = text[:start] + put + text[end:]
        if altered == text:
            return
        assert post(press(), altered).status_code == 403
        assert {record.kind for record in kept()} <= {Kind.REFUSED}


class TestRefused:
    @pytest.mark.parametrize(
        ("body", "reason"),
        [
            (b"no JSON", "the body is not JSON"),
            (b"[]", "the body is not a JSON object but a list"),
            (b"", "the body is not JSON"),
        ],
    )
    def test_what_is_no_object_gets_400_and_is_kept(
        self, post: Post, kept: Kept, body: bytes, reason: str
    ) -> None:
        answer = post(body)
        assert answer.status_code == 400
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        [record] = kept()
        assert (record.kind, record.status, record.reason) == (Kind.REFUSED, 400, reason)
        assert record.body == body

    def test_more_than_64_kilobytes_get_413(self, post: Post, kept: Kept) -> None:
        assert post(press(x="y" * MAX_BODY)).status_code == 413
        [record] = kept()
        assert (record.status, record.body) == (413, b"")

    @pytest.mark.parametrize("method", ["GET", "HEAD", "TRACE"])
    def test_other_methods_get_405(self, post: Post, method: str) -> None:
        answer = post(method=method)
        assert answer.status_code == 405
        assert answer.headers["Allow"] == "POST, PUT, PATCH, DELETE, OPTIONS"

    def test_while_redis_is_away_it_is_503(self, without_redis: Post) -> None:
        answer = without_redis()
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) >= 1
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
