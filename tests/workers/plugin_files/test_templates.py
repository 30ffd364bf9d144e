"""Texts: what they may say, and what is told of one that cannot."""

from collections.abc import Callable

import pytest

from comethooks.schemas import Event
from comethooks.workers.plugin_files.templates import LONGEST_BYTES, Template, TemplateFailedError
from comethooks.workers.record import event_of
from tests.workers.notify.test_page import completed


@pytest.fixture
def event() -> Event:
    """Somebody booked a slot."""
    return event_of(completed("booking"))


@pytest.fixture
def fill(event: Event) -> Callable[[str], str]:
    """What a template says of it."""
    return lambda source: Template(source).fill(event, place="rule[3].text")


def test_it_says_what_is_written(fill: Callable[[str], str]) -> None:
    """With the filters that Jinja has, and nothing is escaped."""
    assert fill("<b>{{ event.completion.answers.slot|replace(':', '&') }}</b>\n") == "<b>10&30</b>"


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("{% include 'other' %}", "line 1: there are no other templates"),
        ("\n{{ event.__class__ }}", "line 2: an event has no '__class__'"),
        ("{{ nobody() }}", "nobody knows 'nobody'"),
        ("{{ event.id|nofilter }}", "line 1: No filter named 'nofilter'."),
        ("{% for %}", "line 1: "),
    ],
)
def test_what_can_be_known_is_told_without_an_event(source: str, problem: str) -> None:
    """When the file is read, and not in the night when something happens."""
    with pytest.raises(ValueError) as raised:
        Template(source)
    assert problem in str(raised.value)


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("\n\n{{ event.completion.answers.slt }}", "line 3: "),
        ("{{ event.campaign.topic }}", "line 1: 'None' has no attribute 'topic'"),
        ("{{ ''.__class__.__mro__ }}", "line 1: access to attribute '__class__' of 'str' object"),
        ("{{ event.payload.update({}) }}", "line 1: "),
        ("{% for n in range(10 ** 9) %}{% endfor %}", "line 1: OverflowError: "),
        ("{{ 1 / 0 }}", "line 1: ZeroDivisionError: division by zero"),
    ],
)
def test_what_an_event_shows_fails_for_good(
    fill: Callable[[str], str], source: str, problem: str
) -> None:
    """With the place of the text and the line in it."""
    with pytest.raises(TemplateFailedError) as raised:
        fill(source)
    assert str(raised.value).startswith("rule[3].text, line ")
    assert problem in str(raised.value)


@pytest.mark.parametrize("word", ["x", "é", "🎂"])
def test_a_long_one_is_cut(fill: Callable[[str], str], word: str) -> None:
    """Between characters; what would come after is not even made."""
    text = fill("{% for n in range(90000) %}" + word + "{% endfor %}{{ 1 / 0 }}")
    assert LONGEST_BYTES - 4 <= len(text.encode()) <= LONGEST_BYTES
    assert text.strip(word) == "…"
