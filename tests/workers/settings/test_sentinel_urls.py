"""URLs that name Sentinels: taken apart, checked like those of a server, and never quoted."""

import pytest
from redis.connection import parse_url

from comethooks.workers.settings.addresses import masked_url
from comethooks.workers.settings.sentinel_urls import parse_sentinel_url
from comethooks.workers.settings.server_urls import parse_redis_url


@pytest.mark.parametrize(
    ("text", "hosts", "name"),
    [
        ("redis+sentinel://h/mymaster", (("h", 26379),), "mymaster"),
        ("redis+sentinel://a:1,b,c:3/m.1/2", (("a", 1), ("b", 26379), ("c", 3)), "m.1"),
        ("redis+sentinel://a, b/m", (("a", 26379), ("b", 26379)), "m"),
        ("redis+sentinel://u:p@[::1]:5,[fe80::2]/m", (("::1", 5), ("fe80::2", 26379)), "m"),
    ],
)
def test_the_sentinels_and_the_name_are_read(text: str, hosts: object, name: str) -> None:
    found = parse_sentinel_url(parse_redis_url(text))
    assert (found.hosts, found.name) == (hosts, name)


def test_user_password_and_database_are_those_of_redis() -> None:
    """Also where the password is percent-encoded; Sentinels get their own from parameters."""
    text = (
        "rediss+sentinel://ada:p%40ss%2C@h1,h2:7/mymaster/3"
        "?ssl_cert_reqs=None&sentinel_username=eve&sentinel_password=a%26b&client_name=me"
    )
    found = parse_sentinel_url(parse_redis_url(text))
    options = parse_url(found.server_url)
    assert (options["username"], options["password"], options["db"]) == ("ada", "p@ss,", 3)
    assert (options["ssl_cert_reqs"], options["client_name"]) == ("none", "me")
    assert not any("sentinel" in name for name in options)
    assert (found.sentinel_username, found.sentinel_password) == ("eve", "a&b")
    assert parse_redis_url(str(found)) == str(found)


def test_valkeys_own_schemes_mean_the_same() -> None:
    assert parse_redis_url("valkey+sentinel://h/m") == "redis+sentinel://h:26379/m"
    assert parse_redis_url("valkeys+sentinel://h/m") == "rediss+sentinel://h:26379/m"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("redis+sentinel://h:26379", "expected redis.sentinel://"),
        ("redis+sentinel://h:26379/", "expected redis.sentinel://"),
        ("redis+sentinel:///mymaster", "expected redis.sentinel://"),
        ("redis+sentinel://u:hu/sh@h/mymaster", "percent-encoded"),
        ("redis+sentinel://u:hush@sh@h/mymaster", "percent-encoded"),
        ("redis+sentinel://u:hu#sh@h/mymaster", "percent-encoded"),
        ("redis+sentinel://h:hush/mymaster", "one of its hosts cannot be read"),
        ("redis+sentinel://h:99999/mymaster", "one of its hosts cannot be read"),
        ("redis+sentinel://::1:26379/mymaster", "brackets"),
        ("redis+sentinel://[::z]:1/mymaster", "brackets"),
        ("redis+sentinel://[1:2]:1/mymaster", "no IPv6 address"),
        ("redis+sentinel://h,,g/mymaster", "one of its hosts cannot be read"),
        ("redis+sentinel://h/my%20master", "name of its primary"),
        ("redis+sentinel://h/mymaster/one", "whole number for its database"),
        ("redis+sentinel://h/mymaster?hush=1", "cannot be used in a Redis URL"),
        ("redis+sentinel://h/mymaster?ssl_cert_reqs=none", "go with rediss://"),
        ("unix+sentinel://h/mymaster", "expected"),
        ("http+sentinel://h/mymaster", "expected redis://"),
    ],
)
def test_what_cannot_be_read_is_said_without_quoting_it(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says) as caught:
        parse_redis_url(text)
    assert "hush" not in str(caught.value) or "parameter hush" in str(caught.value)


def test_passwords_are_masked() -> None:
    shown = masked_url("redis+sentinel://u:hush@a:1,b:2/m/0?sentinel_password=hush&client_name=c")
    assert shown == "redis+sentinel://u:***@a:1,b:2/m/0?sentinel_password=***&client_name=c"
