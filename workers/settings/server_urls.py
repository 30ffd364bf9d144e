"""URLs of the servers that are used: Redis or Valkey, and the database.

The functions raise `ValueError` with what was expected, in words that fit behind `NAME is "…": `.
None of them quotes the text, which may be a secret: of a URL that cannot be read for certain, any
part may be a piece of its password.
"""

import os
import re
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from comethooks.workers.settings.hosts import parse_hosts
from comethooks.workers.settings.sentinel_urls import is_sentinel_url, parse_sentinel_url
from comethooks.workers.settings.values import parse_path

_REDIS_SCHEMES = {
    "redis": "redis",
    "rediss": "rediss",
    "valkey": "redis",
    "valkeys": "rediss",
    "unix": "unix",
}
"""What may stand in front, and what redis-py calls the same."""

_WHOLE = frozenset({"db", "max_connections", "protocol", "health_check_interval"})
_DECIMAL = frozenset({"socket_timeout", "socket_connect_timeout"})
_TLS = frozenset(
    f"ssl_{name}"
    for name in (
        *("cert_reqs", "check_hostname", "ca_certs", "ca_path", "certfile", "keyfile", "password"),
        *("min_version", "ciphers"),
    )
)
_FILES = frozenset({"ssl_ca_certs", "ssl_certfile", "ssl_keyfile"})
"""Of those, the ones that name a file."""
REDIS_PARAMETERS = frozenset(
    (*_WHOLE, *_DECIMAL, *_TLS, "username", "password", "client_name", "socket_keepalive")
)
"""The parameters of a Redis URL. redis-py takes any, and fails at the first call."""

_CERTIFICATES = {
    "none": "none",
    "cert_none": "none",
    "optional": "optional",
    "cert_optional": "optional",
    "required": "required",
    "cert_required": "required",
}
"""How people write `ssl_cert_reqs`, in any case, also with `ssl.` in front as in Python and Celery;
and how redis-py does."""

POSTGRES_PARAMETERS = frozenset(
    (
        *("application_name", "channel_binding", "client_encoding", "connect_timeout", "dbname"),
        *("fallback_application_name", "gssdelegation", "gssencmode", "gsslib", "host", "hostaddr"),
        *("keepalives", "keepalives_count", "keepalives_idle", "keepalives_interval", "krbsrvname"),
        *("load_balance_hosts", "max_protocol_version", "min_protocol_version", "oauth_client_id"),
        *("oauth_client_secret", "oauth_issuer", "oauth_scope", "options", "passfile", "password"),
        *("port", "replication", "require_auth", "requirepeer", "scram_client_key"),
        *("scram_server_key", "service", "ssl_max_protocol_version", "ssl_min_protocol_version"),
        *("sslcert", "sslcertmode", "sslcompression", "sslcrl", "sslcrldir", "sslkey"),
        *("sslkeylogfile", "sslmode", "sslnegotiation", "sslpassword", "sslrootcert", "sslsni"),
        *("target_session_attrs", "tcp_user_timeout", "user"),
    )
)
"""The parameters of a PostgreSQL URL: what libpq 18 knows (PostgreSQL's documentation)."""

_SQLITE_PARAMETERS = frozenset({"timeout", "cached_statements"})


def parse_redis_url(text: str) -> str:
    """A URL that redis-py understands, or that of Sentinels (`sentinel_urls`)."""
    if is_sentinel_url(text):
        named = parse_sentinel_url(text)
        return str(named.of_server(_parse_server_url(named.server_url)))
    return _parse_server_url(text)


def _parse_server_url(text: str) -> str:
    scheme, _, rest = text.partition("://")
    if scheme not in _REDIS_SCHEMES or not rest:
        raise ValueError(
            "expected redis://[user:password@]host:port/0, rediss://…, valkey://…, valkeys://…,"
            " unix:///path/to/socket or redis+sentinel://host:26379,host2/mymaster/0"
        )
    scheme = _REDIS_SCHEMES[scheme]
    url = f"{scheme}://{rest}"
    _check_server(url)
    parts = urlsplit(url)
    if scheme == "unix" and (parts.netloc.rpartition("@")[2] or not parts.path.strip("/")):
        raise ValueError("expected three slashes before its path, as in unix:///path/to/socket")
    if scheme == "unix" and not is_told_in_client_list(unquote(parts.path)):
        raise ValueError(
            "a blank or = in the path of a socket breaks what Redis tells of its clients; make a"
            " link without, and name that"
        )
    parameters = _parameters(parts.query, REDIS_PARAMETERS, "a Redis URL")
    if scheme != "rediss" and not _TLS.isdisjoint(parameters):
        raise ValueError("its parameters that begin with ssl_ go with rediss:// or valkeys://")
    _check_redis_values(parameters, parts.path if scheme != "unix" else "")
    if "ssl_cert_reqs" not in parameters:
        return url
    wanted = _certificates(parameters["ssl_cert_reqs"])
    query = re.sub(r"(?<![^&])ssl_cert_reqs=[^&]*", f"ssl_cert_reqs={wanted}", parts.query)
    return parts._replace(query=query).geturl()


def is_told_in_client_list(path: str) -> bool:
    """Whether a server that listens on this socket can tell of its clients: what CLIENT INFO says
    is `name=value` between blanks, and the path is one of the values. RQ reads that at each start.
    """
    return not re.search(r"[\s=]", path)


def parse_database_url(text: str) -> str:
    """A URL for SQLAlchemy: PostgreSQL's with its driver, SQLite's with an absolute path."""
    scheme, _, rest = text.partition("://")
    if scheme in ("postgres", "postgresql", "postgresql+psycopg") and rest:
        url = f"postgresql+psycopg://{_with_several_hosts(rest)}"
        _check_server(url)
        parameters = _parameters(urlsplit(url).query, POSTGRES_PARAMETERS, "a PostgreSQL URL")
        if names_several_hosts(url) and "target_session_attrs" not in parameters:
            # Without it, whichever answers first would do, and replicas answer too.
            url = f"{url}&target_session_attrs=read-write"
        return url
    if scheme != "sqlite" or not rest.startswith("/"):
        raise ValueError(
            "expected postgresql://user:password@host/database or sqlite:////path/to/file"
        )
    file, question, options = rest[1:].partition("?")
    if file in ("", ":memory:") or file.startswith("file:"):
        raise ValueError(
            "expected a file: several processes share the database, so it cannot be in memory"
        )
    _parameters(options, _SQLITE_PARAMETERS, "a SQLite URL")
    return f"{sqlite_url(parse_path(unquote(file)))}{question}{options}"


def names_several_hosts(url: str) -> bool:
    """Whether a PostgreSQL URL, as `parse_database_url` gives it, names more than one host."""
    hosts = [text for name, text in parse_qsl(urlsplit(url).query) if name == "host"]
    return len(hosts) > 1 or any("," in text for text in hosts)


def _with_several_hosts(rest: str) -> str:
    """What stands behind the scheme, with several hosts as parameters. PostgreSQL's own programs
    read them between commas, and SQLAlchemy does not.
    """
    end = min((rest.index(each) for each in "/?#" if each in rest), default=len(rest))
    user, at, hosts = rest[:end].rpartition("@")
    if "," not in hosts:
        return rest
    found = parse_hosts(hosts)
    parameters = {"host": ",".join(host for host, _ in found)}
    if any(port for _, port in found):
        parameters["port"] = ",".join(str(port or "") for _, port in found)
    path, _, query = rest[end:].partition("?")
    own = urlencode(parameters, safe=",:")
    return f"{user}{at}{path or '/'}?{own}{f'&{query}' if query else ''}"


def sqlite_url(path: Path) -> str:
    """SQLAlchemy's URL of the SQLite database in the file `path`."""
    return f"sqlite:///{str(path).replace('%', '%25').replace('?', '%3F')}"


def unix_url(path: Path) -> str:
    """The URL of the Redis that listens on the socket `path`."""
    return f"unix://{quote(str(path))}"


def check_host(url: str) -> None:
    """Raise `ValueError` when the host and port of a URL cannot be read."""
    try:
        _ = urlsplit(url).port
    except ValueError:
        raise ValueError(f"its host and port cannot be read; {_ENCODED}") from None


_ENCODED = "characters such as / : @ # ? in a password are written percent-encoded (@ is %40)"


def _check_server(url: str) -> None:
    """Refuse what may be read in two ways, since a password is in it that is not encoded."""
    check_host(url)
    parts = urlsplit(url)
    if "#" in url:
        raise ValueError(f"it holds a #, which ends the address; {_ENCODED}")
    behind = parts.query if parts.scheme == "unix" else parts.path + parts.query
    if parts.netloc.count("@") > 1 or "@" in behind:
        raise ValueError(f"it holds more than one @, or one behind its host; {_ENCODED}")


def _parameters(query: str, known: frozenset[str], place: str) -> dict[str, str]:
    parameters = dict(parse_qsl(query, keep_blank_values=True))
    for name in parameters:
        if name not in known:
            shown = f"parameter {name}" if re.fullmatch(r"[A-Za-z_]{1,40}", name) else "parameters"
            raise ValueError(f"its {shown} cannot be used in {place}; take it out")
    return parameters


def _check_redis_values(parameters: dict[str, str], path: str) -> None:
    # redis-py uses database 0 when it cannot read the path, and says nothing.
    databases = [parameters["db"]] if "db" in parameters else []
    databases += [path.removeprefix("/")] if path.removeprefix("/") else []
    if not all(re.fullmatch("[0-9]+", number) for number in databases):
        raise ValueError("expected a whole number for its database, as in redis://host:port/0")
    if parameters.get("protocol", "2") not in ("2", "3"):
        raise ValueError("expected 2 or 3 for its parameter protocol")
    for name, value in parameters.items():
        pattern = "[0-9]+" if name in _WHOLE else r"[0-9]+(\.[0-9]+)?" if name in _DECIMAL else ".*"
        if not re.fullmatch(pattern, value):
            raise ValueError(f"expected a number for its parameter {name}")
        # redis-py says at the first call that there is no such file, as if the server were away.
        if name in _FILES and not os.access(value, os.R_OK):
            raise ValueError(f"its parameter {name} names a file that cannot be read")


def _certificates(text: str) -> str:
    wanted = _CERTIFICATES.get(text.strip().lower().removeprefix("ssl."))
    if wanted is None:
        raise ValueError("expected none, optional or required for its parameter ssl_cert_reqs")
    return wanted
