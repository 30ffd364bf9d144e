"""What CometChat takes."""

import pytest

from comethooks.management import LimitError, limits


@pytest.mark.parametrize("text", ["a", "test_webhook201", "A" * 50])
def test_ids_of_letters_and_digits_pass(text: str) -> None:
    limits.check_id(text)


@pytest.mark.parametrize("text", ["", "a b", "a-b", "ä", "a/b", "A" * 51])
def test_other_ids_do_not(text: str) -> None:
    with pytest.raises(LimitError, match="1 to 50 letters and digits"):
        limits.check_id(text)


def test_names_may_be_anything_of_fifty_characters() -> None:
    limits.check_name("Übung: eins")
    for text in ("", " ", "n" * 51):
        with pytest.raises(LimitError, match="1 to 50 characters"):
            limits.check_name(text)


def test_a_url_has_255_characters_at_most() -> None:
    limits.check_url("https://" + "x" * 247)
    with pytest.raises(LimitError, match="at most 255 characters, and this one 256"):
        limits.check_url("https://" + "x" * 248)


@pytest.mark.parametrize(
    ("user", "password"),
    [("u", "p-1"), ("u", "p" * 101), ("u", ""), ("u.1", "p"), ("u" * 51, "p"), ("", "p")],
)
def test_credentials_are_letters_and_digits(user: str, password: str) -> None:
    with pytest.raises(LimitError, match="COMETHOOKS_BASIC_AUTH"):
        limits.check_credential(user, password)


def test_a_password_is_not_quoted() -> None:
    with pytest.raises(LimitError) as caught:
        limits.check_credential("u", "hush!")
    assert str(caught.value) == (
        'the password of "u" in COMETHOOKS_BASIC_AUTH is none that CometChat takes for Basic auth:'
        " it has to have 1 to 100 letters and digits, and nothing else"
    )
    limits.check_credential("u" * 50, "p" * 100)


def test_an_app_has_25_webhooks_at_most() -> None:
    limits.check_count(24)
    with pytest.raises(LimitError, match="the app has 25 webhooks, and CometChat allows 25"):
        limits.check_count(25)
