"""A page of another origin presses a button in a real browser."""

import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from comethooks.workers.presses.tokens import InteractionToken, mint
from comethooks.workers.record import Kind
from comethooks.workers.settings.interaction_keys import InteractionKey
from tests.application import Kept, MakeSettings
from tests.webhooks.serving import free_port, served

SECRET = "a-secret-of-the-test"
PAGE = """<!doctype html>
<script>
fetch(%(url)s, {
  method: "PATCH",
  headers: {"Content-Type": "application/json", "X-Their-Own": "yes"},
  body: JSON.stringify({trigger: "ui_message_interacted", data: {interactedBy: "ben"}}),
}).then(
  async (answer) => document.body.append(`${answer.status} ${await answer.text()}`),
  (error) => document.body.append(`failed: ${error}`),
);
</script>
<body>page:</body>
"""


@pytest.fixture
def chromium() -> str:
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        # Not even where everything must be there: to install it would take a minute each time.
        # What it asks before it posts is in test_cross_origin.
        pytest.skip("no chromium on the PATH (Debian: apt-get install chromium)")
    return program


@pytest.fixture
def page() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


class Page(BaseHTTPRequestHandler):
    """Serves one page."""

    content = b""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(self.content)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def test_a_page_of_another_origin_gets_its_200(
    chromium: str, page: str, make_settings: MakeSettings, kept: Kept, tmp_path: Path
) -> None:
    """With a method and a header that it has to ask for first."""
    settings = make_settings(
        PORT=str(free_port()), COMETHOOKS_INTERACTION_KEYS=f"k1:{SECRET}", WEB_CONCURRENCY="1"
    )
    token = mint([InteractionKey("k1", SECRET.encode())], InteractionToken(app="app1", message="5"))
    with served(settings, tmp_path):
        url = f"http://127.0.0.1:{settings.port}/interactions/{token}"
        Page.content = (PAGE % {"url": json.dumps(url)}).encode()
        done = subprocess.run(
            [
                chromium,
                *("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
                *(
                    "--no-first-run",
                    "--disable-background-networking",
                    "--virtual-time-budget=9000",
                ),
                f"--user-data-dir={tmp_path / 'profile'}",
                "--dump-dom",
                page,
            ],
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
    assert "page:200 {}" in done.stdout.replace("\n", ""), done.stderr[-2000:]
    [record] = kept()
    assert (record.kind, record.app_id) == (Kind.EVENT, "app1")
