"""Bodies as they may be shown."""

import copy
import time

import pytest

from schemas import ReadOnlyDict, masked
from tests.bodies import NAMES, body


class TestKeys:
    @pytest.mark.parametrize(
        "key",
        [
            "authToken",
            "auth_token",
            "AUTHTOKEN",
            "password",
            "secret",
            "apiKey",
            "api-key",
            "apikey",
            "clientSecret",
            "token",
            "accessToken",
            "Authorization",
            "signature",
        ],
    )
    @pytest.mark.parametrize("value", ["tok-1", 5, {"a": "tok-1"}, ["tok-1"]], ids=repr)
    def test_secrets_are_replaced_whatever_they_are(self, key, value):
        assert masked({"data": [{key: value}]}) == {"data": [{key: "***"}]}

    @pytest.mark.parametrize("key", ["uid", "name", "tokens", "passwordless", "text", "secretary", ""])
    def test_other_keys_are_kept(self, key):
        assert masked({key: "tok-1"}) == {key: "tok-1"}

    @pytest.mark.parametrize("value", [None, ""])
    def test_a_secret_that_is_not_there_is_not_made_up(self, value):
        assert masked({"password": value}) == {"password": value}


class TestUrls:
    @pytest.mark.parametrize(
        "url, shown",
        [
            ("https://f.example/a?fat=x.y.z", "https://f.example/a?fat=***"),
            (
                "https://f.example/a?w=1&Signature=Zm9v~&Expires=5",
                "https://f.example/a?w=1&Signature=***&Expires=5",
            ),
            (
                "https://f.example/a?X-Amz-Security-Token=a%2Fb#top",
                "https://f.example/a?X-Amz-Security-Token=***#top",
            ),
            ("https://f.example/#access_token=abc", "https://f.example/#access_token=***"),
            ("see https://f.example/a?token=abc, please", "see https://f.example/a?token=*** please"),
            ("https://f.example/a?page=2&q=token", "https://f.example/a?page=2&q=token"),
            ("1 + 1 = 2", "1 + 1 = 2"),
        ],
    )
    def test_signatures_and_tokens_are_replaced(self, url, shown):
        assert masked({"url": url}) == {"url": shown}

    @pytest.mark.parametrize(
        "text", ["?" * 2**20 + "=", "?a" * 2**19 + "=", "?token" * 2**17, "a" * 2**20 + "="]
    )
    def test_no_text_takes_long(self, text):
        start = time.perf_counter()
        masked({"text": text})
        assert time.perf_counter() - start < 2


class TestCopy:
    @pytest.mark.parametrize("name", NAMES)
    def test_the_original_stays_as_it_is(self, name):
        original = body(name)
        kept = copy.deepcopy(original)
        masked(original)
        assert original == kept

    def test_a_body_of_an_sdk_loses_its_tokens_and_nothing_else(self):
        shown = masked(body("message_sent_sdk"))
        assert "tok-" not in repr(shown)
        assert shown["data"]["message"]["sender"]["uid"] == "harbor-ada"

    def test_takes_the_payload_of_an_event(self):
        assert masked(ReadOnlyDict({"a": [{"secret": "s"}]})) == {"a": [{"secret": "***"}]}

    def test_is_cut_off_deeper_than_a_hundred_levels(self):
        deep: object = "leaf"
        for _ in range(1000):
            deep = {"a": [deep]}
        shown, levels = masked(deep), 0
        while isinstance(shown, dict | list):
            shown, levels = (shown["a"] if isinstance(shown, dict) else shown[0]), levels + 1
        assert (shown, levels) == ("...", 100)

    @pytest.mark.parametrize("value", [None, 5, "text", True, 2**70, "\ud83d"])
    def test_what_is_no_container_is_itself(self, value):
        assert masked(value) == value
