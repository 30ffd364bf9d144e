"""What the text of a setting means."""

import pytest

from comethooks.workers.settings import values


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90),
        ("1.5", 1.5),
        ("500ms", 0.5),
        ("90s", 90),
        ("15m", 900),
        ("24h", 86_400),
        ("7 d", 604_800),
    ],
)
def test_a_duration_is_a_number_of_seconds_or_has_a_unit(text: str, seconds: float) -> None:
    assert values.parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "h", "-1", "1x", "1h30", "nan", "1e9", "٣s", "9" * 10])
def test_what_is_no_duration_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="such as 90s, 15m, 24h or 7d"):
        values.parse_duration(text)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("17", 17),
        ("17 B", 17),
        ("512kB", 512_000),
        ("1MiB", 2**20),
        ("1.5 mib", 3 * 2**19),
        ("2GB", 2 * 10**9),
    ],
)
def test_a_size_is_a_number_of_bytes_or_has_a_unit(text: str, size: int) -> None:
    assert values.parse_size(text) == size


@pytest.mark.parametrize("text", ["", "MB", "-1", "1M", "1 TB", "0x10"])
def test_what_is_no_size_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="such as 512kB, 1MiB or 2GB"):
        values.parse_size(text)


def test_names_come_in_their_order_and_once() -> None:
    assert values.parse_names(" b, a,,b ") == ("b", "a")
    assert values.parse_names("") == ()


def test_commas_alone_name_nothing_and_are_a_mistake() -> None:
    """An allow list that came out empty must not mean that everything is allowed."""
    with pytest.raises(ValueError, match="names nothing"):
        values.parse_names(" , ")


@pytest.mark.parametrize("text", ["0", "65536", "80.5", "1_000", "", "9" * 30])
def test_a_number_outside_of_its_limits_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a whole number from 1 to 65535"):
        values.parse_number(text, maximum=65_535)


@pytest.mark.parametrize(
    ("text", "flag"), [("true", True), ("Yes", True), ("0", False), ("off", False)]
)
def test_a_flag_may_be_written_in_the_usual_ways(text: str, flag: bool) -> None:
    assert values.parse_flag(text) is flag


@pytest.mark.parametrize("text", ["", "maybe", "2", "truee"])
def test_what_is_no_flag_is_refused(text: str) -> None:
    """Rather than taken for no: it may be what protects secrets."""
    with pytest.raises(ValueError, match="expected true or false"):
        values.parse_flag(text)


@pytest.mark.parametrize("text", ["staging", "staging:"])
def test_a_prefix_ends_with_a_colon_written_or_not(text: str) -> None:
    assert values.parse_prefix(text) == "staging:"


@pytest.mark.parametrize("text", ["", ":", "rq", "rq:", "a b", "a*", "a:b", "ä", "x" * 41])
def test_what_is_no_prefix_is_refused(text: str) -> None:
    """RQ's keys begin with `rq:`, and a pattern would be more than one deployment's."""
    with pytest.raises(ValueError, match="expected a name of letters"):
        values.parse_prefix(text)


@pytest.mark.parametrize(("text", "value"), [("auto", "auto"), ("off", "off"), ("15m", 900.0)])
def test_when_an_app_is_silent_is_a_duration_or_a_word(text: str, value: float | str) -> None:
    """How long nothing may come, or by what other weeks were like, or never."""
    assert values.parse_silence(text) == value


@pytest.mark.parametrize("text", ["", "never", "5s", "-1", "AUTO"])
def test_other_words_for_a_silence_are_refused(text: str) -> None:
    """So is a time in which nobody would have looked twice."""
    with pytest.raises(ValueError, match="expected auto, off, or a duration of at least 10s"):
        values.parse_silence(text)
