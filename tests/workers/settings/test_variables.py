"""What is taken of the environment before anything is made of it."""

import pytest

from comethooks.workers.settings.variables import read_variables


@pytest.mark.parametrize("quote", ['"', "'"])
@pytest.mark.parametrize("form", ["PORT", "PORT_FILE"])
def test_quotes_around_a_value_are_refused_and_the_value_is_not_shown(
    form: str, quote: str
) -> None:
    """`docker run --env-file` leaves them there, and a password would have two characters more."""
    texts, problems = read_variables({form: f" {quote}hush{quote} "}, ["PORT"])
    assert texts == {}
    assert problems == {"PORT": f"{form}: its value stands in quotes; write it without them"}


@pytest.mark.parametrize("text", ['"', '"a', "a'", '["a"]', 'ada:pa"ss"', "'a\""])
def test_other_quotes_are_part_of_the_value(text: str) -> None:
    """A list may be written as JSON."""
    assert read_variables({"NAME": text}, ["NAME"]) == ({"NAME": text}, {})
