"""CometChat's apps and keys, from text and as they are shown."""

import pytest

from comethooks.workers.settings.apps import App, AppsError, ManagementKey, parse_apps


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
