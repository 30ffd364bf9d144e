"""What the text of a setting means."""

from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

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


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("postgres://u:p@db/chat", "postgresql+psycopg://u:p@db/chat"),
        (
            "postgresql://u@db:5433/chat?sslmode=require",
            "postgresql+psycopg://u@db:5433/chat?sslmode=require",
        ),
        ("postgresql+psycopg://db/chat", "postgresql+psycopg://db/chat"),
        ("sqlite:////var/lib/chat.db", "sqlite:////var/lib/chat.db"),
        ("sqlite:////var/lib/chat.db?timeout=5", "sqlite:////var/lib/chat.db?timeout=5"),
    ],
)
def test_a_database_url_is_turned_into_sqlalchemys(text: str, url: str) -> None:
    assert values.parse_database_url(text) == url


def test_a_relative_sqlite_path_becomes_absolute(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Processes with other working directories must mean the same file."""
    monkeypatch.chdir(tmp_path)
    assert values.parse_database_url("sqlite:///chat.db") == f"sqlite:///{tmp_path}/chat.db"


def test_sqlalchemy_reads_the_path_that_was_meant() -> None:
    """Also one with characters that mean something in a URL."""
    path = "/data/50% ü?/chat.db"
    assert make_url(values.sqlite_url(Path(path))).database == path


@pytest.mark.parametrize(
    "text", ["sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite:///file:x?mode=memory"]
)
def test_a_database_in_memory_is_refused(text: str) -> None:
    """Several processes share it."""
    with pytest.raises(ValueError, match="expected"):
        values.parse_database_url(text)


@pytest.mark.parametrize(
    "text",
    [
        "mysql://u:hush@db/chat",
        "postgresql+asyncpg://db/chat",
        "postgres://",
        "hush",
        "sqlite:chat.db",
    ],
)
def test_another_database_is_refused_without_quoting_the_url(text: str) -> None:
    with pytest.raises(ValueError, match="expected postgresql://") as caught:
        values.parse_database_url(text)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["redis://h:6379/0", "rediss://u:p@h", "unix:///run/valkey.sock?db=1"]
)
def test_redis_urls_pass_as_they_are(text: str) -> None:
    assert values.parse_redis_url(text) == text


@pytest.mark.parametrize("text", ["http://h", "h:6379", "redis://", "unix://"])
def test_other_redis_urls_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected redis://"):
        values.parse_redis_url(text)


@pytest.mark.parametrize("parse", [values.parse_redis_url, values.parse_database_url])
def test_a_password_that_breaks_a_url_is_explained_and_not_quoted(parse) -> None:
    scheme = "redis" if parse is values.parse_redis_url else "postgres"
    with pytest.raises(ValueError, match="percent-encoded") as caught:
        parse(f"{scheme}://u:hu/sh@h/0")
    assert "hu/sh" not in str(caught.value)


def test_a_public_url_loses_the_slash_at_its_end() -> None:
    assert values.parse_public_url("https://chat.example.com/in/") == "https://chat.example.com/in"


@pytest.mark.parametrize(
    "text", ["chat.example.com", "ftp://x", "https://", "https://x?a=1", "https://x#y"]
)
def test_what_is_no_public_url_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="such as https://"):
        values.parse_public_url(text)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://:hush@h:1/0", "redis://:***@h:1/0"),
        ("redis://u:hu/sh@hush@h", "redis://u:***@h"),
        ("unix:///run/x.sock?password=hush&db=1", "unix:///run/x.sock?password=***&db=1"),
        (
            "postgresql+psycopg://u:hush@h/d?sslpassword=hush#x",
            "postgresql+psycopg://u:***@h/d?sslpassword=***#x",
        ),
        ("postgresql://h/d?apiToken=hush", "postgresql://h/d?apiToken=***"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("sqlite:////data/chat.db", "sqlite:////data/chat.db"),
    ],
)
def test_a_url_is_shown_without_its_secrets(url: str, shown: str) -> None:
    assert values.masked_url(url) == shown
