"""Who may ask how the service does: this machine and private networks, unless a setting says so."""

import pytest
from flask.testing import FlaskClient

from comethooks.webhooks.app import create_app
from tests.application import MakeSettings

STATUS = ("/readyz", "/metrics")


def ask(client: FlaskClient, path: str, address: str | None, **headers: str) -> int:
    """The status of an answer to somebody at `address`."""
    environ = {"REMOTE_ADDR": address}
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.get(path, environ_overrides=environ, headers=sent).status_code


@pytest.fixture
def client(make_settings: MakeSettings) -> FlaskClient:
    """One that no proxy stands in front of, as far as the settings know."""
    return create_app(make_settings()).test_client()


@pytest.mark.parametrize("path", STATUS)
@pytest.mark.parametrize(
    "address", ["127.0.0.1", "::1", "10.1.2.3", "192.168.0.9", "fd00::7", "::ffff:172.16.0.1"]
)
def test_this_machine_and_private_networks_are_answered(
    client: FlaskClient, path: str, address: str
) -> None:
    """A probe of the platform, Prometheus, a person on the machine."""
    assert ask(client, path, address) == 200


@pytest.mark.parametrize("path", STATUS)
@pytest.mark.parametrize("address", ["8.8.8.8", "::ffff:8.8.8.8", "100.64.0.7", "2600::1", "", "x"])
def test_strangers_are_refused_in_words(client: FlaskClient, path: str, address: str) -> None:
    answer = client.get(path, environ_overrides={"REMOTE_ADDR": address})
    assert answer.status_code == 403
    assert "COMETHOOKS_PUBLIC_STATUS" in answer.get_json()["detail"]
    assert answer.headers["X-Request-Id"]


@pytest.mark.parametrize("address", ["127.0.0.1", "8.8.8.8"])
def test_healthz_always_answers(client: FlaskClient, address: str) -> None:
    """It tells nothing but that the process lives."""
    assert ask(client, "/healthz", address, X_Forwarded_For="8.8.8.8") == 200


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP"])
def test_who_stands_behind_a_proxy_that_is_not_counted_is_a_stranger(
    client: FlaskClient, header: str
) -> None:
    """The proxy is on this machine, and whoever it speaks for may be anybody."""
    assert ask(client, "/metrics", "127.0.0.1", **{header: "10.0.0.1"}) == 403


def test_behind_proxies_that_are_counted_it_is_the_sender_who_counts(
    make_settings: MakeSettings,
) -> None:
    """And who does not come through the proxy is asked for by its own address."""
    client = create_app(make_settings(COMETHOOKS_TRUSTED_PROXIES="1")).test_client()
    assert ask(client, "/readyz", "127.0.0.1", X_Forwarded_For="8.8.8.8") == 403
    assert ask(client, "/readyz", "127.0.0.1", X_Forwarded_For="10.0.0.9") == 200
    assert ask(client, "/readyz", "10.0.0.2") == 200


@pytest.mark.parametrize("proxies", ["1", "2"])
@pytest.mark.parametrize("header", ["Forwarded", "X-Real-IP"])
def test_a_proxy_that_speaks_another_header_than_is_counted_lets_nobody_in(
    make_settings: MakeSettings, proxies: str, header: str
) -> None:
    """The address of the sender is not known, and the proxy's says nothing of it."""
    client = create_app(make_settings(COMETHOOKS_TRUSTED_PROXIES=proxies)).test_client()
    assert ask(client, "/metrics", "127.0.0.1", **{header: "10.0.0.1"}) == 403


@pytest.mark.parametrize(
    ("forwarded", "status"),
    [
        ("", 403),
        ("8.8.8.8", 403),
        ("10.0.0.9", 403),
        ("10.0.0.9, 8.8.8.8", 403),
        ("8.8.8.8, 10.0.0.1", 403),
        ("10.0.0.9, 10.0.0.1", 200),
        ("8.8.8.8, 10.0.0.9, 10.0.0.1", 200),
    ],
)
def test_when_more_proxies_are_counted_than_there_are_no_stranger_gets_in(
    make_settings: MakeSettings, forwarded: str, status: int
) -> None:
    """A chain may be too short, or be filled up by the sender: each counted address has to be
    private. What stands before them is the sender's own word.
    """
    client = create_app(make_settings(COMETHOOKS_TRUSTED_PROXIES="2")).test_client()
    assert ask(client, "/metrics", "127.0.0.1", X_Forwarded_For=forwarded) == status


def test_who_goes_around_the_proxy_and_speaks_as_one_is_a_stranger(
    make_settings: MakeSettings,
) -> None:
    """The address of the connection is the only one that nobody can make up."""
    client = create_app(make_settings(COMETHOOKS_TRUSTED_PROXIES="1")).test_client()
    assert ask(client, "/metrics", "8.8.8.8", X_Forwarded_For="10.0.0.9") == 403


@pytest.mark.parametrize("path", STATUS)
def test_a_setting_lets_everybody_in(make_settings: MakeSettings, path: str) -> None:
    client = create_app(make_settings(COMETHOOKS_PUBLIC_STATUS="true")).test_client()
    assert ask(client, path, "8.8.8.8", X_Forwarded_For="9.9.9.9") == 200


def test_a_machine_that_listens_on_its_public_address_is_no_stranger_to_itself(
    client: FlaskClient,
) -> None:
    """`up` and `doctor` ask there."""
    here = {"REMOTE_ADDR": "9.9.9.9", "SERVER_NAME": "9.9.9.9"}
    assert client.get("/readyz", environ_overrides=here).status_code == 200
