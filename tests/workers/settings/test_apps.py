"""CometChat's apps and keys, from text and as they are shown."""

import re
from pathlib import Path

import pytest

from comethooks.workers.settings.apps import (
    App,
    AppsError,
    ManagementKey,
    parse_api_url,
    parse_apps,
    parse_media_hosts,
)
from comethooks.workers.settings.settings import Settings, SettingsError


@pytest.mark.parametrize(
    ("text", "apps"),
    [
        ("", ()),
        ("a1:eu", (App("a1", "eu"),)),
        ("a1:eu:key", (App("a1", "eu", "key"),)),
        (" a1 : EU : key ,, b2:in,", (App("a1", "eu", "key"), App("b2", "in"))),
        ("a1:eu\nb2:us\r\n", (App("a1", "eu"), App("b2", "us"))),
        ("a1:eu:k:1", (App("a1", "eu", "k:1"),)),
        ("a1:moon", (App("a1", "moon"),)),
    ],
)
def test_apps_stand_between_commas_or_line_ends(text: str, apps: tuple[App, ...]) -> None:
    """The last part is the key, whatever is in it; a region that is new today is one all the
    same.
    """
    assert parse_apps(text) == apps


@pytest.mark.parametrize(
    "text", ["a1", "a1:", ":eu", "a1:eu:", "a1:e u", "a/1:eu", "a1:eu:k k", "hush"]
)
def test_what_is_no_app_is_refused_by_its_number(text: str) -> None:
    """Without quoting it: a key may stand anywhere in it."""
    with pytest.raises(AppsError, match=r"^entry 2 is not appid:region\[:restkey\]") as caught:
        parse_apps(f"z:eu:hush,{text}")
    assert "hush" not in str(caught.value)


def test_commas_alone_name_no_app() -> None:
    """An allow list that came out empty must not mean that everything is allowed."""
    with pytest.raises(AppsError, match="names no app"):
        parse_apps(" , ")


def test_an_app_is_named_once() -> None:
    """Two entries might have different keys."""
    with pytest.raises(AppsError, match="names the app a1 twice") as caught:
        parse_apps("a1:eu:hush,a1:us:hush2")
    assert "hush" not in str(caught.value)


def test_keys_are_not_shown() -> None:
    """Wherever an app or a key is printed or logged."""
    for secret in (App("a1", "eu", "hush"), ManagementKey("hush", "hush2")):
        assert "hush" not in f"{secret} {secret!r} {[secret]}"


def test_an_app_says_where_its_api_is_and_what_that_asks_for() -> None:
    """Each has its own address and key (CometChat's documentation)."""
    app = App("a1", "eu", "hush")
    assert app.api_url == "https://a1.api-eu.cometchat.io/v3"
    assert app.api_headers() == {"apiKey": "hush", "appId": "a1"}
    assert app.api_headers(on_behalf_of="ada") == {
        "apiKey": "hush",
        "appId": "a1",
        "onBehalfOf": "ada",
    }


def test_without_its_key_an_app_says_what_to_set() -> None:
    """Better than a request that CometChat refuses."""
    with pytest.raises(AppsError, match="COMETHOOKS_APPS=a1:eu:restkey"):
        App("a1", "eu").api_headers()


class TestApiUrl:
    @pytest.mark.parametrize(
        ("text", "url"),
        [
            ("https://{appId}.api-{region}.example.com/v3", "https://a1.api-eu.example.com/v3"),
            ("https://chat.example.com/v3/", "https://chat.example.com/v3"),
            ("http://127.0.0.1:8123", "http://127.0.0.1:8123"),
            ("http://localhost/{appId}/v3", "http://localhost/a1/v3"),
            ("http://[::1]:80/v3", "http://[::1]:80/v3"),
        ],
    )
    def test_an_api_may_be_elsewhere(self, text: str, url: str) -> None:
        """With the id and the region of the app in it, where another hosting has them."""
        assert App("a1", "eu", api=parse_api_url(text)).api_url == url

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("http://chat.example.com/v3", "expected https: the REST key is sent there"),
            ("http://127.0.0.1.example.com", "expected https"),
            ("http://10.0.0.1/v3", "expected https"),
            ("ftp://127.0.0.1/v3", "expected a URL such as https://{appId}"),
            ("chat.example.com/v3", "expected a URL"),
            ("https://", "expected a URL"),
            ("https://user:hush@chat.example.com", "expected a URL"),
            ("https://chat.example.com/?key=hush", "expected a URL"),
            ("https://chat.example.com/#x", "expected a URL"),
            ("https://{app}.example.com", "expected a URL"),
            ("https://chat.example.com:x", "its host and port cannot be read"),
        ],
    )
    def test_keys_are_sent_over_https_only(self, text: str, expected: str) -> None:
        """But to this machine. What stands in the address otherwise is not quoted."""
        with pytest.raises(ValueError, match=re.escape(expected)) as caught:
            parse_api_url(text)
        assert "hush" not in str(caught.value)

    def test_the_setting_is_that_of_all_apps(self, tmp_path: Path) -> None:
        given = {
            "COMETHOOKS_DATA_DIR": str(tmp_path),
            "COMETHOOKS_APPS": "a1:eu:hush,b2:us",
            "COMETCHAT_API_URL": "https://{appId}.example.com/{region}/",
        }
        assert [app.api_url for app in Settings.load(given).apps] == [
            "https://a1.example.com/eu",
            "https://b2.example.com/us",
        ]
        with pytest.raises(SettingsError, match=r"COMETCHAT_API_URL is .*: expected https"):
            Settings.load(given | {"COMETCHAT_API_URL": "http://example.com"})


class TestCalling:
    """How often CometChat is called, and where files are."""

    def test_the_plan_is_one_of_two(self, tmp_path: Path) -> None:
        """The free one is named; anything else is no plan."""
        given = {"COMETHOOKS_DATA_DIR": str(tmp_path), "COMETCHAT_PLAN": "build"}
        assert Settings.load(given).api_plan == "build"
        with pytest.raises(SettingsError, match=r"COMETCHAT_PLAN is .*build"):
            Settings.load(given | {"COMETCHAT_PLAN": "enterprise"})

    def test_hosts_are_names_with_or_without_ports(self) -> None:
        assert parse_media_hosts("Files.example.com, 127.0.0.1:8080,") == (
            "files.example.com",
            "127.0.0.1:8080",
        )

    @pytest.mark.parametrize("text", ["https://a.example", "a.example/b", "*.example", "a b", "a:"])
    def test_what_is_no_host_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match="expected hosts such as"):
            parse_media_hosts(text)
