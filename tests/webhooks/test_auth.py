"""Basic authentication: who is let in, and that nothing presented is ever quoted."""

import base64
import statistics
import time
from contextlib import suppress

import pytest

from comethooks.webhooks.auth import Authenticator, NotAuthenticatedError, presented
from comethooks.workers.settings.settings import Credential
from tests.webhooks.samples import authorization


@pytest.fixture
def authenticator() -> Authenticator:
    return Authenticator([Credential("old", "0ldPassword"), Credential("new", "n3wPassword")])


class TestLabel:
    @pytest.mark.parametrize("user, password", [("old", "0ldPassword"), ("new", "n3wPassword")])
    def test_every_configured_credential_is_let_in_under_its_own_label(
        self, authenticator: Authenticator, user: str, password: str
    ) -> None:
        assert authenticator.label(authorization(user, password)) == user

    @pytest.mark.parametrize(
        "user, password",
        [
            ("old", "n3wPassword"),
            ("new", "0ldPassword"),
            ("old", ""),
            ("", ""),
            ("OLD", "0ldPassword"),
            ("old", "0ldPassword "),
            ("nobody", "secret"),
        ],
    )
    def test_a_user_with_another_ones_password_is_not(
        self, authenticator: Authenticator, user: str, password: str
    ) -> None:
        with pytest.raises(NotAuthenticatedError, match=r"^wrong user name or password$"):
            authenticator.label(authorization(user, password))

    def test_a_password_may_hold_colons_and_letters_of_any_alphabet(self) -> None:
        authenticator = Authenticator([Credential("jürgen", "größe:✓:")])
        assert authenticator.label(authorization("jürgen", "größe:✓:")) == "jürgen"

    def test_without_credentials_nobody_is_let_in(self) -> None:
        with pytest.raises(NotAuthenticatedError):
            Authenticator([]).label(authorization("", ""))


class TestTiming:
    def test_a_refusal_takes_the_same_time_whatever_is_wrong(self) -> None:
        """An unknown user, a password that is right but for its end, and one of another length:
        measured in turns, and as the processor time that it takes.
        """
        password = "p" * 32
        authenticator = Authenticator(
            [Credential(f"user{number}", password) for number in range(4)]
        )
        wrong = [
            ("user0", password[:-1] + "x"),
            ("user0", "x" + password[1:]),
            ("user0", "x"),
            ("nobody", password),
            ("nobody", "x"),
            ("user3", password[:-1] + "x"),
        ]
        taken: list[list[float]] = [[] for _ in wrong]
        for _ in range(40):
            for (user, guess), times in zip(wrong, taken, strict=True):
                presented_as = authorization(user, guess)
                began = time.thread_time()
                for _ in range(50):
                    with suppress(NotAuthenticatedError):
                        authenticator.label(presented_as)
                times.append(time.thread_time() - began)
        medians = [statistics.median(times) for times in taken]
        assert max(medians) < 1.5 * min(medians), dict(zip(wrong, medians, strict=True))


class TestPresented:
    @pytest.mark.parametrize("scheme", ["Basic", "basic", "BASIC"])
    def test_the_scheme_is_read_in_any_case(self, scheme: str) -> None:
        assert presented(f"{scheme} YTpi") == (b"a", b"b")

    def test_bytes_that_are_no_text_are_bytes(self) -> None:
        token = base64.b64encode(b"\xff\xfe:\x80").decode()
        assert presented(f"Basic {token}") == (b"\xff\xfe", b"\x80")

    @pytest.mark.parametrize(
        "header, reason",
        [
            (None, "no Authorization header"),
            ("", "no Authorization header"),
            ("Basic", "Authorization has no colon between user name and password"),
            ("Bearer YTpi", "Authorization is not of the scheme Basic"),
            ("YTpi", "Authorization is not of the scheme Basic"),
            ("Basic a:b", "Authorization is not base64"),
            ("Basic YTpi,Basic YTpi", "Authorization is not base64"),
            ("Basic YTp", "Authorization is not base64"),
            ("Basic Yŵ==", "Authorization is not base64"),
            ("Basic YWI=", "Authorization has no colon between user name and password"),
        ],
    )
    def test_a_malformed_header_is_named_and_not_quoted(
        self, header: str | None, reason: str
    ) -> None:
        with pytest.raises(NotAuthenticatedError) as caught:
            presented(header)
        assert caught.value.reason == reason
