"""What is said of a public address, with a server of the test's in front, or the real one."""

import json
import shutil
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from comethooks.doctor import posts, public
from comethooks.doctor.finding import Finding
from comethooks.doctor.public import check_public, endpoint
from comethooks.webhooks.problems import PROBLEM_TYPE
from comethooks.workers.settings.settings import Credential
from tests.application import Kept, MakeSettings
from tests.comethooks.doctor.answering import Asked, Respond, Response, answering, certificate
from tests.comethooks.doctor.findings import OK, WARNING, WRONG, by_check, levels, not_ok
from tests.missing import missing
from tests.webhooks.samples import PASSWORD, USER, authorization
from tests.webhooks.serving import free_port, served

CREDENTIAL = Credential(USER, PASSWORD)
DAY = 86_400
FIELDS = {"Content-Type": PROBLEM_TYPE, "X-Request-Id": "r-1"}
REFUSAL = Response(401, {"status": 401, "request_id": "r-1"}, FIELDS)
ACCEPTED = Response(200, {"id": "e-1"}, {"Content-Type": "application/json", "X-Request-Id": "e-1"})


def comethooks(asked: Asked) -> Response:
    """What the real one answers."""
    return ACCEPTED if asked.authorized else REFUSAL


def check(
    url: str, *, app_id: str | None = None, clock: Callable[[], float] = time.time
) -> dict[str, Finding]:
    return by_check(check_public(endpoint(url), credential=CREDENTIAL, app_id=app_id, clock=clock))


def answered(respond: Respond) -> tuple[dict[str, Finding], list[Asked]]:
    """What is found at a server that answers so, and what it was asked."""
    with answering(respond) as server:
        return check(server.url), server.asked


class TestReal:
    def test_everything_but_the_address_of_this_machine_is_ok(
        self, make_settings: MakeSettings, tmp_path: Path, kept: Kept
    ) -> None:
        """What it leaves is the refusal of a stranger at each path; its event is only counted."""
        settings = make_settings(PORT=str(free_port()))
        with served(settings, tmp_path):
            found = check(settings.public_url, app_id="app1")
        assert not_ok(found.values()) == {"public.address": WRONG}
        assert {f"public.{what}" for what in ("refuses", "identity", "accepts", "time")} < set(
            found
        )
        assert [(refused.status, refused.body) for refused in kept()] == [(401, b"")] * 2
        assert found["public.accepts"].detail == "200 with credentials"
        assert found["public.moderation"].detail == "401 without credentials at /moderation, too"


class TestAnswers:
    def test_it_posts_twice_and_sends_the_credentials_to_this_service(self) -> None:
        """First as a stranger, then as CometChat; never the same body twice, which would be a
        duplicate.
        """
        found, (first, second, _) = answered(comethooks)
        assert not_ok(found.values()) == {"public.address": WRONG}
        assert {(asked.method, asked.path) for asked in (first, second)} == {("POST", "/webhooks")}
        assert second.headers["Authorization"] == authorization()
        bodies = [json.loads(asked.body) for asked in (first, second)]
        assert {body["trigger"] for body in bodies} == {"comethooks_doctor"}
        assert bodies[0]["data"] != bodies[1]["data"]

    @pytest.mark.parametrize("response", [Response(404), Response(502, "x"), None])
    def test_a_proxy_need_not_pass_on_what_moderation_asks(self, response: Response | None) -> None:
        """Few let it ask; who does is told where it ends. No credentials are sent there."""

        def respond(asked: Asked) -> Response:
            if asked.path != "/moderation":
                return comethooks(asked)
            if response is None:
                raise ConnectionError
            return response

        found, asked = answered(respond)
        assert found["public.moderation"].level is OK
        assert "could not ask here" in found["public.moderation"].detail
        assert not_ok(found.values()) == {"public.address": WRONG}
        assert [(each.path, each.authorized) for each in asked][2:] == [("/moderation", False)]

    def test_one_that_takes_events_without_credentials_is_wrong(self) -> None:
        """Anybody could send there."""
        found, asked = answered(lambda asked: ACCEPTED)
        assert found["public.refuses"].level is WRONG
        assert found["public.refuses"].detail.startswith("200 without credentials: anybody")
        assert len(asked) == 1

    @pytest.mark.parametrize(
        "response, words",
        [
            (Response(401, {"error": "login"}), "401, but not from this service"),
            (
                Response(308, None, {"Location": "https://www.example.com/webhooks"}),
                "308: it redirects to https://www",
            ),
            (Response(404), "404: there is no endpoint"),
            (Response(502), "502: the proxy in front does not reach comethooks"),
            (Response(500), "500, which is no answer of this service"),
        ],
    )
    def test_an_answer_of_somebody_else_is_wrong_and_gets_no_credentials(
        self, response: Response, words: str
    ) -> None:
        """Whoever that is shall not learn them."""
        found, asked = answered(lambda asked: response)
        assert found["public.refuses"].level is WRONG
        assert found["public.refuses"].detail.startswith(words)
        assert found["public.accepts"].level is WARNING
        assert [each.authorized for each in asked] == [False]

    @pytest.mark.parametrize(
        "status, words",
        [
            (401, "are not those of the server"),
            (403, "does not let in the app id"),
            (503, "could not be kept"),
            (302, "redirects"),
        ],
    )
    def test_credentials_that_are_not_answered_with_200_are_wrong(
        self, status: int, words: str
    ) -> None:
        """Each with what to do about it."""
        refused = Response(status, {"status": status, "request_id": "r-2"}, FIELDS)
        found, _ = answered(lambda asked: refused if asked.authorized else REFUSAL)
        assert found["public.accepts"].level is WRONG
        assert words in found["public.accepts"].detail
        assert found["public.accepts"].detail.startswith(f"{status}: ")
        assert found["public.accepts"].advice

    def test_a_server_that_is_strict_about_triggers_is_warned_of(self) -> None:
        """It knows the credentials, and refuses what it does not know, as it was told to."""
        refused = Response(422, {"status": 422, "request_id": "r-2"}, FIELDS)
        found, _ = answered(lambda asked: refused if asked.authorized else REFUSAL)
        assert found["public.accepts"].level is WARNING
        assert "COMETHOOKS_STRICT_TRIGGERS" in (found["public.accepts"].advice or "")

    @pytest.mark.parametrize("header", [{}, {"X-Request-Id": "of the proxy"}])
    def test_a_proxy_that_changes_the_request_id_is_warned_of(self, header: dict[str, str]) -> None:
        """What answers is this service all the same: its own answer has the id too."""
        refusal = Response(401, REFUSAL.document, {"Content-Type": PROBLEM_TYPE, **header})
        found, _ = answered(lambda asked: ACCEPTED if asked.authorized else refusal)
        assert not_ok(found.values()) == {"public.address": WRONG, "public.identity": WARNING}

    @pytest.mark.parametrize("limits, level", [((0.0, 2.0), WARNING), ((0.0, 0.0), WRONG)])
    def test_an_answer_that_takes_long_is_told(
        self, monkeypatch: pytest.MonkeyPatch, limits: tuple[float, float], level: object
    ) -> None:
        """CometChat waits two seconds; here everything is taken for slow."""
        monkeypatch.setattr(public, "SLOW_SECONDS", limits[0])
        monkeypatch.setattr(public, "WITHIN_SECONDS", limits[1])
        found, _ = answered(comethooks)
        assert found["public.time"].level is level

    def test_without_credentials_in_the_settings_only_the_refusal_is_looked_at(self) -> None:
        """That is no failure of the address."""
        with answering(comethooks) as server:
            found = by_check(check_public(endpoint(server.url), credential=None, app_id=None))
        assert not_ok(found.values()) == {"public.address": WRONG, "public.accepts": WARNING}
        assert [asked.authorized for asked in server.asked] == [False, False]


class TestNoAnswer:
    def test_where_nobody_listens_it_says_so(self) -> None:
        """And looks no further."""
        found = check(f"http://localhost:{free_port()}")
        assert levels(found.values()) == {"public.address": WRONG, "public.connection": WRONG}
        assert "refused" in found["public.connection"].detail

    def test_one_that_is_silent_is_not_waited_for_for_long(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """CometChat would not either."""
        monkeypatch.setattr(public, "TIMEOUT_SECONDS", 0.1)
        with socket.create_server(("127.0.0.1", 0)) as silent:
            found = check(f"http://127.0.0.1:{silent.getsockname()[1]}")
        assert found["public.connection"].level is WRONG

    def test_an_answer_without_end_is_read_only_so_far(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Strangers may send anything."""
        monkeypatch.setattr(posts, "_MOST_BYTES", 10)
        found, _ = answered(lambda asked: Response(404, "x" * 100_000))
        assert found["public.refuses"].detail.startswith("404")


class TestInClear:
    def test_credentials_are_not_sent_over_the_network_in_clear(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Without TLS the address is wrong anyway. A proxy of the test's stands in for the
        network.
        """
        with answering(comethooks) as proxy:
            monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
            monkeypatch.setenv("NO_PROXY", "")
            found = check("http://chat.example.com")
        assert found["public.address"].level is WRONG
        assert "not https" in found["public.address"].detail
        assert found["public.refuses"].level is OK
        assert found["public.accepts"].level is WARNING
        assert [asked.authorized for asked in proxy.asked] == [False, False]


class TestCertificate:
    @pytest.fixture(autouse=True)
    def _prepare(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        if not shutil.which("openssl"):
            missing("no openssl to make a certificate with (Debian: apt-get install openssl)")
        self.directory = tmp_path
        self.monkeypatch = monkeypatch

    def trust(self, file: Path) -> None:
        self.monkeypatch.setenv("SSL_CERT_FILE", str(file))

    @pytest.mark.parametrize("later_days, level, left", [(0, OK, "99"), (90, WARNING, "9")])
    def test_a_valid_one_is_told_with_the_days_that_are_left(
        self, later_days: int, level: object, left: str
    ) -> None:
        """Under two weeks that is a warning."""
        tls, file = certificate(self.directory, days=100)
        self.trust(file)
        with answering(comethooks, tls) as server:
            found = check(server.url, clock=lambda: time.time() + later_days * DAY)
        assert found["public.certificate"].level is level
        assert f"for {left} days" in found["public.certificate"].detail
        assert found["public.accepts"].level is OK

    def test_one_of_an_unknown_authority_is_wrong_and_nothing_is_sent(self) -> None:
        """With OpenSSL's words for it."""
        tls, _ = certificate(self.directory, days=100)
        with answering(comethooks, tls) as server:
            found = check(server.url)
        assert levels(found.values()) == {"public.address": WRONG, "public.certificate": WRONG}
        assert "self-signed" in found["public.certificate"].detail.replace(
            "self signed", "self-signed"
        )
        assert server.asked == []

    def test_one_for_another_host_is_wrong(self) -> None:
        """Though its authority is known."""
        tls, file = certificate(self.directory, days=100, host="other.example.com")
        self.trust(file)
        with answering(comethooks, tls) as server:
            found = check(server.url)
        assert "ostname mismatch" in found["public.certificate"].detail


@pytest.mark.parametrize(
    "given, posted_to",
    [
        ("https://chat.example.com", "https://chat.example.com/webhooks"),
        ("https://chat.example.com/hooks/", "https://chat.example.com/hooks/webhooks"),
        ("https://chat.example.com/webhooks", "https://chat.example.com/webhooks"),
        ("https://ada:secret@chat.example.com", "https://chat.example.com/webhooks"),
    ],
)
def test_the_endpoint_is_below_the_public_address(given: str, posted_to: str) -> None:
    """Or is given itself; credentials in it are left out."""
    assert str(endpoint(given)) == posted_to
