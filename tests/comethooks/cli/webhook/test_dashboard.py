"""`comethooks webhook register` without keys: what to do by hand."""

import pytest

from comethooks.management import registrable_triggers
from comethooks.workers.settings.credentials import ensure_credentials
from comethooks.workers.settings.paths import credentials_path
from tests.cometchat import APP
from tests.comethooks.cli.pseudo_terminal import shown_on_terminal
from tests.webhooks.samples import PASSWORD, USER

URL = "https://chat.example.com/webhooks"
TRIGGERS = registrable_triggers(legacy=False)


class TestByHand:
    def test_without_keys_it_prints_what_to_do_and_fails(self, by_hand):
        """Nothing is registered, and a script must not believe that it is."""
        done = by_hand("register", "--id", "ours")
        assert done.exit_code == 1
        assert "CometChat's sales team" in done.stderr
        assert "Nothing is registered yet." in done.stderr
        assert f"open the app {APP}, and there Settings → Webhooks → Add" in done.stdout
        for name, value in {
            "ID": "ours",
            "URL": URL,
            "user": USER,
            "retry on failure": "on: ",
        }.items():
            assert any(
                line.strip().startswith(name) and value in line for line in done.stdout.splitlines()
            ), name
        assert all(f"[ ] {trigger}\n" in done.stdout for trigger in TRIGGERS)

    def test_it_says_where_moderation_asks(self, by_hand):
        """A list has a URL of its own, whichever generation the app's webhooks are of."""
        asked = f"{URL.removesuffix('/webhooks')}/moderation?app={APP}&rule=NAME"
        assert asked in by_hand("register").stdout
        assert asked in by_hand("register", "--legacy").stdout

    def test_a_dry_run_that_prints_it_has_done_what_it_should(self, by_hand):
        assert by_hand("register", "--dry-run").exit_code == 0

    def test_the_password_is_shown_on_a_terminal_only(self, by_hand, command):
        done = by_hand("register")
        assert PASSWORD not in done.output
        assert "that of this user in COMETHOOKS_BASIC_AUTH" in done.stdout
        register = ("webhook", "register", "--trigger", "message_sent")
        assert f"     password           {PASSWORD}" in shown_on_terminal(command, 100, *register)

    def test_of_one_that_was_made_here_the_file_is_named(self, by_hand, tmp_path):
        ensure_credentials(tmp_path)
        done = by_hand("register", COMETHOOKS_BASIC_AUTH="")
        assert f"in {credentials_path(tmp_path)}" in done.stdout

    def test_json_has_the_values_without_the_password(self, by_hand, command):
        [document] = command.json(
            "webhook", "register", "--dry-run", "--trigger", "message_sent", "--no-retry"
        )
        assert document == {
            "app_id": APP,
            "webhook": "comethooks",
            "name": "comethooks",
            "url": URL,
            "user": USER,
            "retry": False,
            "triggers": ["message_sent"],
            "by_hand": True,
            "done": False,
        }

    def test_what_the_dashboard_does_not_take_is_found_here_too(self, by_hand):
        done = by_hand("register", COMETHOOKS_BASIC_AUTH="u:hush-hush")
        assert done.exit_code == 1
        assert 'the password of "u" in COMETHOOKS_BASIC_AUTH' in done.stderr
        assert "hush" not in done.output

    def test_without_credentials_there_is_nothing_to_enter(self, by_hand):
        done = by_hand("register", COMETHOOKS_BASIC_AUTH="")
        assert done.exit_code == 1
        assert "start `comethooks up` once" in done.stderr

    @pytest.mark.parametrize("arguments", [("list",), ("remove", "x", "--yes")])
    def test_the_rest_needs_the_keys(self, by_hand, arguments):
        done = by_hand(*arguments)
        assert done.exit_code == 1
        assert "COMETCHAT_MGMT_KEY" in done.stderr
