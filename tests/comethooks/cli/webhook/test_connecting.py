"""Which app a command of `comethooks webhook` means."""

import pytest


class TestApps:
    SEVERAL = "app1:eu,app2:us"

    @pytest.mark.parametrize("arguments", [("register",), ("list",), ("remove", "x", "--yes")])
    def test_of_several_one_has_to_be_named(self, webhook, server, arguments):
        done = webhook(*arguments, COMETHOOKS_APPS=self.SEVERAL)
        assert done.exit_code == 2
        assert "say with --app which one, app1 or app2" in done.stderr
        assert server.calls == []

    def test_the_one_that_is_named_is_taken(self, webhook, server):
        done = webhook("register", "--app", "app1", COMETHOOKS_APPS=self.SEVERAL)
        assert done.exit_code == 0, done.output
        assert all(call.path.startswith("/apps/app1/") for call in server.calls)

    def test_one_whose_events_would_be_refused_is_not(self, webhook):
        done = webhook("register", "--app", "app3", COMETHOOKS_APPS=self.SEVERAL)
        assert done.exit_code == 2
        assert "add it to COMETHOOKS_APPS" in done.stderr

    def test_where_none_is_configured_it_has_to_be_named(self, webhook):
        assert webhook("list", COMETHOOKS_APPS="").exit_code == 2
        assert webhook("list", "--app", "app1", COMETHOOKS_APPS="").exit_code == 0

    @pytest.mark.parametrize("app", ["..", "a/b", ""])
    def test_what_is_no_app_id_is_not_sent(self, webhook, server, app):
        assert webhook("list", "--app", app, COMETHOOKS_APPS="").exit_code == 2
        assert server.calls == []
