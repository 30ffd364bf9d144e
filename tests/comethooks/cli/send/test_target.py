"""Where `comethooks send` posts to, and who it says it is."""

import pytest

from tests.webhooks.samples import PASSWORD, USER


class TestWhereTo:
    def test_nobody_listening_is_a_failure_with_the_address(self, command):
        """And with what to start."""
        done = command("send", "message_sent", PORT="9")
        assert (done.exit_code, done.stdout) == (1, "")
        assert (
            "nobody listens at http://127.0.0.1:9/webhooks. Is `comethooks up` running?"
            in done.stderr
        )

    def test_the_public_url_is_the_default_when_it_is_set(self, command, listener):
        """It is where CometChat would send to."""
        done = command(
            "send", "message_sent", COMETHOOKS_PUBLIC_URL=f"{listener.url}/chat/webhooks"
        )
        assert done.exit_code == 0, done.output
        assert listener.requests[0][0] == "/chat/webhooks"

    @pytest.mark.parametrize(
        ("path", "called"), [("", "/webhooks"), ("/", "/webhooks"), ("/elsewhere", "/elsewhere")]
    )
    def test_an_address_without_a_path_gets_that_of_webhooks(self, command, listener, path, called):
        """Another path stays."""
        command("send", "message_sent", "--to", f"{listener.url}{path}")
        assert listener.requests[0][0] == called

    @pytest.mark.parametrize(
        "url", ["localhost:8000", "ftp://example.com", "http://", "no url", "http://x:y:z"]
    )
    def test_what_is_no_address_is_wrong_use(self, command, url):
        """The error shows what one looks like."""
        done = command("send", "message_sent", "--to", url)
        assert done.exit_code == 2
        assert "write a URL such as" in done.stderr

    def test_a_proxy_of_the_environment_is_not_used_for_this_machine(self, command, listener):
        """It would not find this machine."""
        done = command(
            "send", "message_sent", "--to", listener.url, HTTP_PROXY="http://127.0.0.1:9"
        )
        assert done.exit_code == 0, done.output


class TestWho:
    @pytest.mark.parametrize(
        ("arguments", "user"),
        [
            ((), f"{USER}:{PASSWORD}"),
            (("--user", "second"), "second:pass2"),
            (("--user", "other:with:colon"), "other:with:colon"),
        ],
    )
    def test_credentials_are_those_asked_for(self, command, listener, arguments, user):
        """By default the first of the settings."""
        variables = {"COMETHOOKS_BASIC_AUTH": f"{USER}:{PASSWORD},second:pass2"}
        command("send", "message_sent", "--to", listener.url, *arguments, **variables)
        header = listener.requests[0][1]["Authorization"]
        assert header == "Basic " + __import__("base64").b64encode(user.encode()).decode()

    def test_credentials_may_be_in_the_url_and_are_not_shown(self, command, listener):
        """Not in an error, either."""
        done = command(
            "send", "message_sent", "--to", listener.url.replace("://", "://ada:lovelace1@")
        )
        assert done.exit_code == 0
        assert listener.requests[0][1]["Authorization"] == "Basic YWRhOmxvdmVsYWNlMQ=="
        failed = command("send", "message_sent", "--to", "http://ada:lovelace1@127.0.0.1:9")
        assert "lovelace1" not in failed.output

    def test_an_unknown_user_needs_a_password(self, command, listener):
        """The settings have none for that user."""
        done = command("send", "message_sent", "--to", listener.url, "--user", "nobody")
        assert done.exit_code == 2
        assert "no user 'nobody'" in done.stderr

    def test_wrong_credentials_are_explained(self, command, application):
        """With the setting that has the right ones."""
        done = command("send", "message_sent", "--user", "eve:wrong")
        assert done.exit_code == 1
        assert done.stdout.startswith("401 ")
        assert "COMETHOOKS_BASIC_AUTH" in done.stderr

    def test_no_credentials_are_explained(self, command, application, tmp_path):
        """With how to give some."""
        done = command("send", "message_sent", COMETHOOKS_BASIC_AUTH="")
        assert done.exit_code == 1
        assert "There are no credentials" in done.stderr
