"""The proxies' files in front of a real web process: addresses, limits, and what is nobody's
business outside.
"""

import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from tests.missing import missing
from tests.redis_server import running_server
from tests.scenarios.stack import PASSWORD, USER, Stack, free_port, message
from tests.waiting import wait_for

FILES = Path(__file__).parents[2] / "deploy/proxies"
STRANGER = "203.0.113.9"
TOKEN = "AbCdEf0123456789-of-a-button"
NGINX = """
    daemon off;
    pid {folder}/pid;
    error_log {folder}/error.log;
    {user}
    events {{}}
    http {{
        client_body_temp_path {folder}/bodies;
        proxy_temp_path {folder}/proxied;
        fastcgi_temp_path {folder}/fastcgi;
        uwsgi_temp_path {folder}/uwsgi;
        scgi_temp_path {folder}/scgi;
        include {folder}/site.conf;
    }}
"""


class Proxy:
    """One that runs in front of a deployment."""

    def __init__(self, name: str, stack: Stack, port: int, folder: Path) -> None:
        self.name, self.stack, self.port, self.folder = name, stack, port, folder

    def client(self) -> httpx.Client:
        """A client with the credentials, as CometChat is one."""
        return httpx.Client(
            base_url=f"https://127.0.0.1:{self.port}",
            auth=(USER, PASSWORD),
            headers={"Host": "chat.example.com"},
            verify=False,
            timeout=10,
        )

    def answers(self) -> bool:
        """Whether it passes on."""
        try:
            with self.client() as client:
                return client.get("/healthz").status_code == 200
        except httpx.HTTPError:
            return False


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A web process that has one proxy in front of it, and a server of its own."""
    settings = {"COMETHOOKS_TRUSTED_PROXIES": "1", "WEB_CONCURRENCY": "1"}
    with running_server() as server:
        made = Stack(tmp_path_factory.mktemp("proxied"), server.url, settings=settings)
        made.make_tables()
        made.web()
        yield made
        made.close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """One that signs itself, and its key."""
    folder = tmp_path_factory.mktemp("certificate")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=chat.example.com"
        " -addext subjectAltName=DNS:chat.example.com,IP:127.0.0.1"
        f" -keyout {key} -out {certificate}"
    )
    subprocess.run(command.split(), check=True, capture_output=True)
    return certificate, key


def program(name: str) -> str:
    """Where a program is, or the reason why the test is left out."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    return found or missing(f"{name} is not installed; on Debian: apt-get install {name}")


def nginx_site(stack: Stack, port: int, folder: Path, certificate: tuple[Path, Path]) -> str:
    """Our file, with the ports, the paths and the patience of a test. The first of its upstreams is
    one where nobody listens.
    """
    changes = {
        r"^ *listen \[::\].*$": "",
        r"listen 80;": f"listen 127.0.0.1:{free_port()};",
        r"listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
        r"server 127\.0\.0\.1:8000;": (
            f"server 127.0.0.1:{free_port()}; server 127.0.0.1:{stack.port};"
        ),
        r"/etc/letsencrypt/live/chat\.example\.com/fullchain\.pem": str(certificate[0]),
        r"/etc/letsencrypt/live/chat\.example\.com/privkey\.pem": str(certificate[1]),
        r"/var/log/nginx/": f"{folder}/",
        r"client_body_timeout 10s": "client_body_timeout 1s",
    }
    return changed((FILES / "nginx.conf").read_text(), changes)


def changed(text: str, changes: dict[str, str]) -> str:
    """A text with all of these changes, each of which changes something."""
    for pattern, replacement in changes.items():
        text, count = re.subn(pattern, replacement, text, flags=re.MULTILINE)
        assert count, pattern
    return text


@pytest.fixture(scope="module")
def nginx(
    stack: Stack, certificate: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Proxy]:
    """Nginx with our file, which it finds nothing wrong with."""
    binary, folder, port = program("nginx"), tmp_path_factory.mktemp("nginx"), free_port()
    (folder / "site.conf").write_text(nginx_site(stack, port, folder, certificate))
    user = "user root;" if Path("/etc/shadow").stat().st_uid == 0 and _is_root() else ""
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, user=user))
    command = [binary, "-p", str(folder), "-c", str(folder / "nginx.conf")]
    tested = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert tested.returncode == 0, tested.stderr
    assert "[warn]" not in tested.stderr
    yield from running(command, Proxy("nginx", stack, port, folder))


@pytest.fixture(scope="module")
def caddy(
    stack: Stack, certificate: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Proxy]:
    """Caddy with our file."""
    binary, folder, port = program("caddy"), tmp_path_factory.mktemp("caddy"), free_port()
    changes = {
        r"^\{$": "{\n\tadmin off\n\tauto_https off\n\tdefault_sni chat.example.com",
        r"^chat\.example\.com \{": f"https://:{port} {{\n\ttls {certificate[0]} {certificate[1]}",
        r"127\.0\.0\.1:8000 \{": f"127.0.0.1:{stack.port} {{",
    }
    file = folder / "Caddyfile"
    file.write_text(changed((FILES / "Caddyfile").read_text(), changes))
    yield from running(
        [binary, "run", "--adapter", "caddyfile", "--config", str(file)],
        Proxy("caddy", stack, port, folder),
    )


def _is_root() -> bool:
    return Path("/proc/self").stat().st_uid == 0


def running(command: list[str], proxy: Proxy) -> Iterator[Proxy]:
    """Run a proxy as long as it is needed."""
    with open(proxy.folder / "log", "wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        wait_for(lambda: proxy.answers() or process.poll() is not None, "the proxy answers")
        assert process.poll() is None, (proxy.folder / "log").read_text()
        yield proxy
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture(params=["nginx", "caddy"])
def proxy(request: pytest.FixtureRequest) -> Proxy:
    """Each of them."""
    found: Proxy = request.getfixturevalue(request.param)
    return found


def test_an_event_is_kept_with_the_address_of_its_sender(proxy: Proxy) -> None:
    """Whatever the sender says of itself in headers. Of two upstreams that nginx has, nobody
    listens at the first one: the other is asked with the same event.
    """
    with proxy.client() as client:
        said = {"X-Forwarded-For": STRANGER, "Forwarded": f"for={STRANGER}", "X-Real-IP": STRANGER}
        for number in range(6):
            body = message(number, time.time_ns() + number)
            answer = client.post("/webhooks", json=body, headers=said)
            assert answer.status_code == 200, answer.text
    shown = proxy.stack.ask("requests", "show", answer.json()["id"], "--json")
    assert "127.0.0.1" in shown
    assert STRANGER not in shown


def test_what_is_too_large_is_refused_by_us_and_much_more_by_the_proxy(proxy: Proxy) -> None:
    """A little above our limit is noted here; what is far above never gets here."""
    with proxy.client() as client:
        little = client.post("/webhooks", content=b"x" * 1_500_000)
        assert little.status_code == 413
        assert little.headers["Content-Type"] == "application/problem+json"
        much = client.post("/webhooks", content=b"x" * 5_000_000)
        # Caddy passes on what arrives, and comethooks has answered before it has seen too much;
        # before 2.7 it calls that a bad gateway.
        assert much.status_code == 413 or (proxy.name, much.status_code) == ("caddy", 502)
        if proxy.name == "nginx":
            assert much.headers["Content-Type"] == "text/html"


def test_how_the_service_does_is_nobodys_business_outside(proxy: Proxy) -> None:
    """The proxy does not even ask; an answer of ours would be a 403."""
    with proxy.client() as client:
        assert [client.get(path).status_code for path in ("/metrics", "/readyz")] == [404, 404]
        assert client.get("/healthz").status_code == 200


def test_no_log_of_the_proxy_holds_the_token_of_an_interaction(proxy: Proxy) -> None:
    """It is in the path, which proxies like to log."""
    with proxy.client() as client:
        answer = client.post(f"/interactions/{TOKEN}", json={}, headers={"Referer": f"/{TOKEN}"})
        assert answer.status_code == 403
    logs = [path.read_bytes() for path in proxy.folder.rglob("*log*") if path.is_file()]
    assert logs
    assert not any(TOKEN.encode() in log for log in logs)


def test_a_body_that_stands_still_costs_the_web_process_nothing(nginx: Proxy) -> None:
    """The proxy collects it, and gives up; comethooks never hears of it."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    connection = context.wrap_socket(socket.create_connection(("127.0.0.1", nginx.port)))
    with closing(connection):
        connection.settimeout(5)
        connection.sendall(
            b"POST /webhooks HTTP/1.1\r\nHost: chat.example.com\r\nContent-Length: 1000\r\n\r\n{"
        )
        answer = connection.recv(1000)
    assert answer == b"" or b" 408 " in answer
    assert '"status":408' not in nginx.stack.log()
    assert " /webhooks 408 " in (nginx.folder / "comethooks.log").read_text()


def test_presses_of_one_address_are_limited_and_webhooks_are_not(nginx: Proxy) -> None:
    """What a device sends without end stops at the proxy."""
    with nginx.client() as client:
        presses = [client.post(f"/interactions/{TOKEN}", json={}).status_code for _ in range(80)]
        assert presses.count(403) >= 50
        assert 429 in presses
        body = message(1, time.time_ns())
        assert {client.post("/webhooks", json=body).status_code for _ in range(80)} == {200}
