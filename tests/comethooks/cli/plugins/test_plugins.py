"""`comethooks plugins`: what is found, and whether it can be used."""

import hashlib

import pytest

from comethooks.workers.plugins.published import HeldPlugin, PluginState, publish, publish_web

GOOD = """
    from comethooks import Plugin, Retry

    print("imported")
    plugin = Plugin("welcome")

    @plugin.on("after_message", "message.*", retry=Retry(attempts=3, base=2), timeout=10)
    def greet(event, ctx):
        pass

    @plugin.on("after_mesage", replay="safe", ordered=True)
    def misspelt(event, ctx):
        pass
"""

DECIDER = """
    @plugin.decide("before_message", timeout="300ms", shadow=True, type="text")
    def judge(event, ctx):
        pass
"""


class TestList:
    def test_has_handlers_patterns_places_and_warnings(self, command, folder):
        path = folder("welcome.py", GOOD)
        [plugin] = command.json("plugins", "list")
        assert plugin["warnings"][0].startswith("welcome.misspelt")
        assert {**plugin, "warnings": []} == {
            "name": "welcome",
            "state": "loaded",
            "origin": "folder",
            "where": str(path),
            "version": hashlib.sha256(path.read_bytes()).hexdigest()[:12],
            "handlers": [
                {
                    "id": "welcome.greet",
                    "patterns": ["after_message", "message.*"],
                    "filters": {},
                    "where": f"{path}:6",
                    "retry": {"attempts": 3, "base": 2, "cap": 3600.0, "jitter": True},
                    "timeout": 10.0,
                    "replay": "ask",
                    "ordered": False,
                },
                {
                    "id": "welcome.misspelt",
                    "patterns": ["after_mesage"],
                    "filters": {},
                    "where": f"{path}:10",
                    "retry": None,
                    "timeout": 30.0,
                    "replay": "safe",
                    "ordered": True,
                },
            ],
            "deciders": [],
            "warnings": [],
            "error": None,
            "workers": [],
            "web_differs": [],
            "resting": [],
        }

    def test_filters_are_listed(self, command, folder):
        """Behind what a handler is registered for."""
        folder("welcome.py", GOOD.replace("timeout=10", 'timeout=10, type=("text", "image")'))
        [plugin] = command.json("plugins", "list")
        assert [each["filters"] for each in plugin["handlers"]] == [{"type": ["text", "image"]}, {}]
        done = command("plugins", "list")
        assert "after_message, message.*  type=text|image" in done.stdout

    def test_deciders_are_listed_with_what_they_decide_on(self, command, folder):
        """Behind the handlers, and whether they are in shadow."""
        path = folder("welcome.py", GOOD + DECIDER)
        [plugin] = command.json("plugins", "list")
        assert plugin["deciders"] == [
            {
                "id": "welcome.judge",
                "patterns": ["before_message"],
                "filters": {"type": ["text"]},
                "where": f"{path}:14",
                "timeout": 0.3,
                "shadow": True,
            }
        ]
        shown = command("plugins", "list").stdout
        assert "welcome.judge     decides on before_message  type=text" in shown
        [row] = [line for line in shown.splitlines() if " welcome.judge " in line]
        assert row.split()[-6:] == ["type=text", "0.3", "s", "shadow", f"{path}:14", "folder"]
        assert command("plugins", "check").exit_code == 0

    def test_a_plugin_may_have_nothing_but_deciders(self, command, folder):
        """It has a row of its own all the same."""
        head = """
    from comethooks import Plugin
    plugin = Plugin("welcome")
"""
        folder("gate.py", head + DECIDER)
        assert "welcome  loaded  none     welcome.judge  decides on" in (
            command("plugins", "list").stdout
        )

    def test_a_broken_one_is_quarantined_and_the_others_are_loaded(self, command, folder):
        folder("welcome.py", GOOD)
        folder("broken.py", "import nothing_of_that_name\n")
        found = {plugin["name"]: plugin for plugin in command.json("plugins", "list")}
        assert found["welcome"]["state"] == "loaded"
        assert found["broken"]["state"] == "quarantined"
        assert found["broken"]["where"].endswith("broken.py:1")
        assert "nothing_of_that_name" in found["broken"]["error"]

    def test_a_disabled_one_is_named(self, command, folder):
        folder("welcome.py", GOOD)
        [plugin] = command.json("plugins", "list", COMETHOOKS_DISABLED_PLUGINS="welcome")
        assert (plugin["name"], plugin["state"], plugin["handlers"]) == ("welcome", "disabled", [])
        assert plugin["version"] is None

    def test_the_table_has_a_row_for_each_handler(self, command, folder):
        path = folder("welcome.py", GOOD)
        shown = command("plugins", "list").stdout
        assert "welcome  loaded  none     welcome.greet     after_message, message.*" in shown
        version = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
        assert f"3         10 s                          {version}  {path}:6" in shown
        assert f"1         30 s     replay=safe ordered                {path}:10" in shown
        assert "warning: welcome: welcome.misspelt" in shown

    def test_of_many_patterns_the_table_has_a_few(self, command, folder):
        """One line for a handler stays one that can be read. JSON has all."""
        many = [f"toys.{name}" for name in "abcdef"]
        patterns = ", ".join(f'"{each}"' for each in many)
        folder("welcome.py", GOOD.replace('"after_message", "message.*"', patterns))
        assert "toys.a, toys.b, toys.c and 3 more  " in command("plugins", "list").stdout
        [plugin] = command.json("plugins", "list")
        assert plugin["handlers"][0]["patterns"] == many

    def test_what_a_plugin_prints_is_no_data(self, command, folder):
        folder("welcome.py", GOOD)
        done = command("plugins", "list")
        assert "imported" not in done.stdout
        assert "imported" in done.stderr

    def test_what_is_to_be_installed_is_named(self, command, tmp_path):
        """`plugins new --dir` makes a folder that holds a package and is none: it is not loaded
        from there.
        """
        folder = tmp_path / "plugins" / "night_plugin"
        assert command("plugins", "new", "night", "--dir", str(folder.parent)).exit_code == 0
        [found] = command.json("plugins", "list")
        assert (found["name"], found["state"], found["where"]) == (
            "night_plugin",
            "ignored",
            str(folder),
        )
        advice = f"install it: pip install {folder}"
        assert advice in found["warnings"][0]
        done = command("plugins", "check")
        assert (done.exit_code, advice in done.stdout) == (0, True)
        assert "1 ignored" in done.stderr

    @pytest.mark.parametrize("setting", ["COMETHOOKS_PLUGINS", "PYTHONPATH"])
    def test_what_is_used_from_elsewhere_is_not_named(
        self, command, tmp_path, monkeypatch, setting
    ):
        """By its entry point or by the setting: the folder is where somebody works on it."""
        folder = tmp_path / "plugins" / "night_plugin"
        command("plugins", "new", "night", "--dir", str(folder.parent))
        monkeypatch.syspath_prepend(folder)
        if setting == "PYTHONPATH":
            information = folder / "night-1.dist-info"
            information.mkdir()
            (information / "METADATA").write_text("Name: night\nVersion: 1\n")
            (information / "entry_points.txt").write_text(
                "[comethooks.plugins]\nnight = night_plugin:plugin\n"
            )
        more = {setting: "night_plugin:plugin"} if setting == "COMETHOOKS_PLUGINS" else {}
        found = command.json("plugins", "list", **more)
        assert [(plugin["name"], plugin["state"]) for plugin in found] == [("night", "loaded")]

    def test_none_says_where_to_put_one(self, command, tmp_path):
        done = command("plugins", "list")
        assert (done.exit_code, done.stdout) == (0, "")
        assert str(tmp_path / "plugins") in done.stderr


class TestCheck:
    def test_passes_with_warnings(self, command, folder):
        folder("welcome.py", GOOD)
        done = command("plugins", "check")
        assert done.exit_code == 0
        assert 'did you mean "after_message"?' in done.stdout
        assert "1 loaded, 0 quarantined, 0 disabled" in done.stderr

    def test_warns_of_a_decider_that_takes_more_time_than_there_is(self, command, folder):
        """It would be late without having used up its own time-out."""
        folder(
            "gatekeeper.py",
            """
            from comethooks import Plugin

            plugin = Plugin("gatekeeper")

            @plugin.decide("before_message", timeout="900ms")
            def judge(event, ctx):
                pass
            """,
        )
        said = "its timeout of 900 ms is longer than the 800 ms that all deciders have together"
        done = command("plugins", "check")
        assert (done.exit_code, said in " ".join(done.stdout.split())) == (0, True)
        command.environ["COMETHOOKS_DECISION_BUDGET_MS"] = "900"
        assert said not in " ".join(command("plugins", "check").stdout.split())

    @pytest.mark.parametrize("arguments", [(), ("--json",)])
    def test_fails_with_file_and_line_when_one_cannot_be_used(self, command, folder, arguments):
        path = folder("welcome.py", GOOD.replace("def greet(event, ctx)", "def greet(event)"))
        done = command("plugins", "check", *arguments)
        assert done.exit_code == 1
        assert f"{path}:6" in done.stdout
        assert "welcome.greet" in done.stdout


class TestWorkers:
    """What the workers have, beside what is found here."""

    @pytest.fixture
    def at_work(self, redis_server):
        """Tells what a worker of another host has."""
        with redis_server.client() as client:

            def tell(*plugins, host="far"):
                publish(client, f"{host}|boot|1", plugins)

            yield tell

    def test_nobody_at_work_is_told(self, command, folder):
        """An empty list, and no remark."""
        folder("welcome.py", GOOD)
        [plugin] = command.json("plugins", "list")
        assert plugin["workers"] == []
        done = command("plugins", "list")
        assert "welcome  loaded  none     welcome.greet" in done.stdout
        assert "workers:" not in done.stdout

    def test_the_same_is_told_in_a_word(self, command, folder, at_work):
        """With when it was loaded, in JSON."""
        path = folder("welcome.py", GOOD)
        version = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
        at_work(HeldPlugin("welcome", PluginState.LOADED, "/srv/welcome.py", version))
        [plugin] = command.json("plugins", "list")
        [workers] = plugin["workers"]
        assert workers.pop("loaded_at").startswith("20")
        assert workers == {
            "state": "loaded",
            "version": version,
            "where": "/srv/welcome.py",
            "reason": None,
            "hosts": ["far"],
            "workers": 1,
        }
        done = command("plugins", "list")
        assert "welcome  loaded  same     welcome.greet" in done.stdout
        assert "workers:" not in done.stdout

    @pytest.mark.parametrize("subcommand", ["list", "check"])
    def test_what_differs_is_told_with_the_reason(self, subcommand, command, folder, at_work):
        """A worker's quarantine is no reason to fail: it may have loaded what was there before."""
        folder("welcome.py", GOOD)
        at_work(HeldPlugin("welcome", PluginState.QUARANTINED, "/w.py:3", None, "ValueError: x"))
        done = command("plugins", subcommand)
        assert done.exit_code == 0
        told = "workers: welcome: 1 worker on far has it in quarantine: ValueError: x (/w.py:3)"
        assert told in done.stdout

    def test_the_last_good_version_is_told_beside_the_broken_file(self, command, folder, at_work):
        """Here it is in quarantine, there it goes on."""
        path = folder("welcome.py", "def f(:")
        why = "SyntaxError: invalid syntax"
        at_work(HeldPlugin("welcome", PluginState.LAST_GOOD, f"{path}:1", "3f2a", why))
        done = command("plugins", "check")
        assert done.exit_code == 1
        assert "quarantined: welcome" in done.stdout
        told = f"workers: welcome: 1 worker on far goes on with its last good version 3f2a: {why}"
        assert told in done.stdout

    def test_what_web_processes_have_is_told_where_it_differs(self, command, folder, redis_server):
        """And which deciders they do not ask for a while."""
        path = folder("welcome.py", GOOD)
        version = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
        same = HeldPlugin("welcome", PluginState.LOADED, str(path), version)
        broken = HeldPlugin("welcome", PluginState.QUARANTINED, "/w.py:3", reason="KeyError: x")
        with redis_server.client() as client:
            publish_web(client, "far|boot|1", [same], [])
            assert "web:" not in command("plugins", "list").stdout
            publish_web(client, "far|boot|2", [broken], ["welcome.judge"])
        lines = command("plugins", "list").stdout.splitlines()
        assert [line for line in lines if line.startswith("web:")] == [
            "web: welcome: 1 web process on far has it in quarantine: KeyError: x (/w.py:3)",
            "web: welcome: 1 web process on far runs version " + version,
            "web: welcome: welcome.judge rests in 1 of 2 web processes",
        ]
        [plugin] = command.json("plugins", "list")
        assert [each["processes"] for each in plugin["web_differs"]] == [1, 1]

    def test_what_only_a_worker_has_is_listed(self, command, at_work):
        """With its state there."""
        at_work(HeldPlugin("night", PluginState.LOADED, "/srv/night.py", "1.0"))
        [plugin] = command.json("plugins", "list")
        assert (plugin["name"], plugin["state"]) == ("night", "absent")
        assert plugin["workers"][0]["version"] == "1.0"
        assert "1 worker on far runs version 1.0" in command("plugins", "list").stdout

    def test_without_redis_only_what_is_found_here_is_told(self, command, folder, tmp_path):
        """And that the rest is not known."""
        folder("welcome.py", GOOD)
        nobody = f"unix://{tmp_path / 'nobody.sock'}"
        [plugin] = command.json("plugins", "list", REDIS_URL=nobody)
        assert plugin["workers"] is None
        assert (
            "What the workers have is not known"
            in command("plugins", "check", REDIS_URL=nobody).stderr
        )
