"""URLs of Redis and of the database: what is taken, and what is refused in words."""

from pathlib import Path

import psycopg
import pytest
from redis import Redis
from sqlalchemy import make_url

from comethooks.workers.settings import server_urls


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
    assert server_urls.parse_database_url(text) == url


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("postgresql://u:p%40%2C@a:5432,b:5433/chat", "a,b", "5432,5433"),
        ("postgres://u:p%40%2C@a,b/chat?connect_timeout=3", "a,b", ","),
        ("postgres://u:p%40%2C@[::1]:7,b/chat", "::1,b", "7,"),
        ("postgres://u:p%40%2C@/chat?host=a,b&port=1,2", "a,b", "1,2"),
        ("postgres://u:p%40%2C@/chat?host=a:1&host=b:2", "a,b", "1,2"),
    ],
)
def test_several_hosts_are_those_of_which_one_takes_writes(text: str, host: str, port: str) -> None:
    """In libpq's form, which SQLAlchemy does not read, and in SQLAlchemy's own."""
    url = make_url(server_urls.parse_database_url(text))
    _, arguments = url.get_dialect()().create_connect_args(url)
    assert (arguments["host"], arguments["port"]) == (host, port)
    assert (arguments["user"], arguments["password"]) == ("u", "p@,")
    assert (arguments["dbname"], arguments["target_session_attrs"]) == ("chat", "read-write")


def test_what_is_said_of_the_session_is_kept() -> None:
    """And of one host nothing is said."""
    text = "postgresql://a,b/chat?target_session_attrs=primary"
    assert server_urls.parse_database_url(text).count("target_session_attrs") == 1
    assert "target" not in server_urls.parse_database_url("postgresql://a/chat")


@pytest.mark.parametrize("hosts", ["a,,b", "a:x,b", "::1,b", "a:70000,b"])
def test_hosts_that_cannot_be_read_are_refused_without_quoting_them(hosts: str) -> None:
    with pytest.raises(ValueError, match="one of its hosts cannot be read") as caught:
        server_urls.parse_database_url(f"postgresql://u:hush@{hosts}/chat")
    assert "hush" not in str(caught.value)


def test_a_relative_sqlite_path_becomes_absolute(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Processes with other working directories must mean the same file."""
    monkeypatch.chdir(tmp_path)
    assert server_urls.parse_database_url("sqlite:///chat.db") == f"sqlite:///{tmp_path}/chat.db"


def test_sqlalchemy_reads_the_path_that_was_meant() -> None:
    """Also one with characters that mean something in a URL."""
    path = "/data/50% ü?/chat.db"
    url = server_urls.sqlite_url(Path(path))
    assert make_url(url).database == path
    assert server_urls.parse_database_url(url) == url


@pytest.mark.parametrize(
    "text", ["sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite:///file:x?mode=memory"]
)
def test_a_database_in_memory_is_refused(text: str) -> None:
    """Several processes share it."""
    with pytest.raises(ValueError, match="expected"):
        server_urls.parse_database_url(text)


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
        server_urls.parse_database_url(text)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "redis://h:6379/0",
        "redis://h:6379/",
        "redis://h?db=15",
        "rediss://u:p@h",
        "unix:///run/valkey.sock?db=1",
    ],
)
def test_redis_urls_pass_as_they_are(text: str) -> None:
    assert server_urls.parse_redis_url(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "redis://h:1/abc",
        "rediss://u:p@h/-1",
        "redis://h/1/2",
        "redis://h?db=x",
        "unix:///run/valkey.sock?db=one",
    ],
)
def test_the_database_of_redis_is_a_number(text: str) -> None:
    """redis-py leaves out some of these without a word, and would use database 0."""
    with pytest.raises(ValueError, match="expected a whole number"):
        server_urls.parse_redis_url(text)


@pytest.mark.parametrize("text", ["http://h", "h:6379", "redis://", "unix://"])
def test_other_redis_urls_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected redis://"):
        server_urls.parse_redis_url(text)


@pytest.mark.parametrize("parse", [server_urls.parse_redis_url, server_urls.parse_database_url])
def test_a_password_that_breaks_a_url_is_explained_and_not_quoted(parse) -> None:
    scheme = "redis" if parse is server_urls.parse_redis_url else "postgres"
    with pytest.raises(ValueError, match="percent-encoded") as caught:
        parse(f"{scheme}://u:hu/sh@h/0")
    assert "hu/sh" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("valkey://u:p@h:6379/1", "redis://u:p@h:6379/1"),
        ("valkeys://h", "rediss://h"),
        ("rediss://:p@h?ssl_cert_reqs=None", "rediss://:p@h?ssl_cert_reqs=none"),
        ("rediss://h?db=1&ssl_cert_reqs=CERT_NONE", "rediss://h?db=1&ssl_cert_reqs=none"),
        ("rediss://h?ssl_cert_reqs=ssl.CERT_REQUIRED", "rediss://h?ssl_cert_reqs=required"),
        ("rediss://h?ssl_cert_reqs=Optional&db=1", "rediss://h?ssl_cert_reqs=optional&db=1"),
    ],
)
def test_what_people_write_is_turned_into_what_redis_py_reads(text: str, url: str) -> None:
    """Valkey's own schemes, and the names of Python and Celery for what becomes of certificates."""
    assert server_urls.parse_redis_url(text) == url
    Redis.from_url(url).connection_pool.make_connection()


@pytest.mark.parametrize(
    "text",
    [
        "redis://u:hu#sh@h:6379/0",
        "redis://h:6379/0#hush",
        "redis://u:1#hush@h:6379/0",
        "redis://u:hu@sh@h:6379/0",
        "redis://u:1/hush@h:6379/0",
        "redis://u:1?hush@h:6379/0",
        "unix://u:hu@sh@/run/valkey.sock",
        "postgres://u:1#hush@h/chat",
        "postgres://u:hu@sh@h/chat",
        "postgres://u:1?hush@h/chat",
    ],
)
def test_a_password_that_is_not_encoded_is_refused_and_no_piece_of_it_shown(text: str) -> None:
    """Any piece of it may otherwise be taken for a host, and be told as one."""
    postgres = text.startswith("postgres")
    parse = server_urls.parse_database_url if postgres else server_urls.parse_redis_url
    with pytest.raises(ValueError, match="percent-encoded") as caught:
        parse(text)
    assert not any(piece in str(caught.value) for piece in ("hu#", "hush", "sh@"))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("postgres://u@h/chat?pgbouncer=true", "pgbouncer"),
        ("postgres://u@h/chat?sslmode=require&connection_limit=5", "connection_limit"),
        ("redis://h/0?pool_size=5", "pool_size"),
        ("sqlite:////data/chat.db?mode=ro", "mode"),
    ],
)
def test_a_parameter_that_nobody_reads_is_named(text: str, name: str) -> None:
    """It belongs to another library, whose driver would know it."""
    parse = (
        server_urls.parse_redis_url if text.startswith("redis") else server_urls.parse_database_url
    )
    with pytest.raises(ValueError, match=f"its parameter {name} cannot be used in a .* URL"):
        parse(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("redis://h?ssl_cert_reqs=none", "go with rediss://"),
        ("rediss://h?ssl_cert_reqs=maybe", "none, optional or required"),
        ("redis://h?socket_timeout=soon", "a number for its parameter socket_timeout"),
        ("redis://h?protocol=1", "2 or 3 for its parameter protocol"),
        ("unix://run/valkey.sock", "three slashes"),
        ("unix:///My%20Projects/valkey.sock", "a blank"),
    ],
)
def test_what_would_fail_at_the_first_call_is_refused_before(text: str, said: str) -> None:
    """By redis-py, with an error that says nothing of the URL; or by RQ."""
    with pytest.raises(ValueError, match=said):
        server_urls.parse_redis_url(text)


def test_a_file_for_tls_has_to_be_there(tmp_path: Path) -> None:
    """Which no server would say, since none is asked before it is read."""
    url = f"rediss://h?ssl_ca_certs={tmp_path}/ca.pem"
    with pytest.raises(ValueError, match="ssl_ca_certs names a file that cannot be read"):
        server_urls.parse_redis_url(url)
    (tmp_path / "ca.pem").touch()
    assert server_urls.parse_redis_url(url) == url


def test_every_parameter_of_redis_is_one_of_redis_py() -> None:
    """None is taken that fails later."""
    files = dict.fromkeys(("ssl_ca_certs", "ssl_certfile", "ssl_keyfile"), __file__)
    whole = dict.fromkeys(server_urls.REDIS_PARAMETERS, "2") | {"ssl_cert_reqs": "none"} | files
    query = "&".join(f"{name}={value}" for name, value in whole.items())
    url = server_urls.parse_redis_url(f"rediss://h?{query}")
    Redis.from_url(url).connection_pool.make_connection()


def test_every_parameter_of_postgresql_is_known() -> None:
    """As the driver's libpq tells them."""
    told = {each.keyword.decode() for each in psycopg.pq.Conninfo.get_defaults()}
    assert told <= server_urls.POSTGRES_PARAMETERS


@pytest.mark.parametrize("name", ["My Projects", "a=b", "tab\t"])
def test_a_socket_that_cannot_be_told_in_client_list_is_known(name: str) -> None:
    """RQ reads it by blanks and by =."""
    assert not server_urls.is_told_in_client_list(f"/home/{name}/valkey.sock")
    assert server_urls.is_told_in_client_list("/home/ada/valkey.sock")
