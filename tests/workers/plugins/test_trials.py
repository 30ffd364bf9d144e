"""What the import of a plugin did to its process is remembered by its content."""

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from comethooks.workers.plugins import trials as module
from comethooks.workers.plugins.discovery import in_folder
from comethooks.workers.plugins.looking import look_at_plugins
from comethooks.workers.plugins.trials import KILLS, Importing, Trials
from comethooks.workers.processes import host_and_boot
from comethooks.workers.settings.settings import Settings

WHAT = Importing("1234", "/plugins/hello.py")
GOOD = 'from comethooks import Plugin\nplugin = Plugin("good")\n'


@pytest.fixture
def trials(tmp_path: Path) -> Trials:
    return Trials(tmp_path / "imports", 10)


def dies(trials: Trials, how: str | None) -> None:
    """A child dies in the middle of an import, `how` in the words of its parent."""
    pid = os.fork()
    if not pid:
        with trials.importing(WHAT):
            os._exit(0)
    os.waitpid(pid, 0)
    trials.judge(pid, how)


class TestTrials:
    def test_what_ended_its_process_is_left_out(self, trials: Trials) -> None:
        """Named with how it ended."""
        assert trials.reason(WHAT.content) is None
        dies(trials, "SIGSEGV")
        assert trials.reason(WHAT.content) == "its import ended the process (SIGSEGV)"
        assert trials.reason("another content") is None

    def test_what_was_imported_well_or_raised_is_not(self, trials: Trials, tmp_path: Path) -> None:
        """Nor is anything of it kept."""
        with trials.importing(WHAT):
            pass
        with pytest.raises(ValueError), trials.importing(WHAT):
            raise ValueError
        trials.judge(os.getpid(), "SIGSEGV")
        assert list((tmp_path / "imports").iterdir()) == []

    @pytest.mark.parametrize("how", [None, "SIGTERM"])
    def test_an_end_that_is_no_doing_of_the_import_says_nothing(
        self, trials: Trials, how: str | None
    ) -> None:
        """As one that nobody saw."""
        dies(trials, how)
        assert trials.verdict(WHAT.content) is None

    def test_a_killed_process_says_something_only_when_it_goes_on(self, trials: Trials) -> None:
        """A deploy kills; so does the kernel, when an import takes all memory."""
        for _ in range(KILLS - 1):
            dies(trials, signal.SIGKILL.name)
            assert trials.reason(WHAT.content) is None
        dies(trials, signal.SIGKILL.name)
        assert trials.reason(WHAT.content) == "its import ended the process (SIGKILL)"

    def test_it_is_tried_again_after_a_while_by_one_and_less_often_each_time(
        self, trials: Trials, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What it asks for may have been away."""
        now = 1_800_000_000_000
        monkeypatch.setattr(module, "now_ms", lambda: now)
        for pause in (module.FIRST_PAUSE_MS, 2 * module.FIRST_PAUSE_MS):
            dies(trials, "exit status 3")
            now += pause - 1
            assert trials.reason(WHAT.content)
            now += 1
            assert trials.reason(WHAT.content) is None
            assert trials.reason(WHAT.content)  # somebody tries it just now

    def test_one_that_comes_back_is_forgiven(self, trials: Trials) -> None:
        """Whatever it did before."""
        dies(trials, "exit status 3")
        with trials.importing(WHAT):
            pass
        assert trials.reason(WHAT.content) is None

    def test_a_note_that_a_container_left_is_no_word_about_this_one(
        self, trials: Trials, tmp_path: Path
    ) -> None:
        """Killed in the middle of an import and started again, it gives out the same numbers."""
        note = tmp_path / "imports" / f"{os.getpid()}.at"
        with trials.importing(WHAT):
            text = note.read_text()
            os.utime(note, (0, 0))
            assert trials.is_late(os.getpid())
            trials.forget_abandoned()
            assert note.exists()
        note.write_text(text.replace(host_and_boot(), "host|an earlier start"))
        os.utime(note, (0, 0))
        assert not trials.is_late(os.getpid())
        trials.forget_abandoned()
        assert not note.exists()


class TestThoseThatServe:
    """Processes that have other things to do than to load plugins."""

    @pytest.fixture
    def serving(self, tmp_path: Path) -> Trials:
        """Their trials, in the same folder."""
        return Trials(tmp_path / "imports", 10, lambda: None)

    def test_they_are_judged_by_anybody_and_the_third_time(self, serving: Trials) -> None:
        """Nobody knows how they ended: somebody may have killed them."""
        for number in range(1, KILLS + 1):
            dies_serving(serving)
            [verdict] = serving.judge_dead()
            assert (verdict.reason is None) == (number < KILLS)
        assert list(serving.judge_dead()) == []

    def test_unless_it_is_known(self, serving: Trials) -> None:
        """As of one that was seen to stand still."""
        dies_serving(serving)
        [verdict] = serving.judge_dead("no sign of life")
        assert verdict.reason == "its import ended the process (no sign of life)"

    def test_who_ends_in_good_order_is_not_judged(self, serving: Trials) -> None:
        """As one that is asked to stop in the middle of an import."""
        dies_serving(serving, serving.withdraw)
        assert list(serving.judge_dead()) == []

    def test_the_others_are_left_to_those_who_wait_for_them(
        self, trials: Trials, serving: Trials
    ) -> None:
        """Who know how they ended."""
        dies_serving(trials)
        assert list(serving.judge_dead()) == []

    def test_they_try_again_only_what_nobody_else_does(
        self, trials: Trials, serving: Trials, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """There may be nobody else on this host."""
        now = 1_800_000_000_000
        monkeypatch.setattr(module, "now_ms", lambda: now)
        dies(trials, "SIGSEGV")
        now += 2 * module.FIRST_PAUSE_MS - 1
        assert serving.reason(WHAT.content) is not None
        now += 1
        assert serving.reason(WHAT.content) is None

    def test_what_takes_too_long_is_left_out_without_an_end_of_the_process(
        self, trials: Trials, tmp_path: Path
    ) -> None:
        """Also when it comes to its end after all."""
        is_late = threading.Event()
        serving = Trials(tmp_path / "imports", 0.05, is_late.set)
        with serving.importing(WHAT):
            assert is_late.wait(10)
        assert "takes longer than 0.05 s" in (trials.reason(WHAT.content) or "")


def dies_serving(trials: Trials, before: Callable[[int], object] = lambda pid: None) -> None:
    """A child dies in the middle of an import, and nobody judges it."""
    pid = os.fork()
    if not pid:
        with trials.importing(WHAT):
            before(os.getpid())
            os._exit(0)
    os.waitpid(pid, 0)


@pytest.fixture
def plugin_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "plugins"
    folder.mkdir()
    (folder / "good.py").write_text(GOOD)
    return folder


def looked(tmp_path: Path) -> tuple[list[str], dict[str, str]]:
    """What a command finds: plugins that are loaded, and the reasons of those that are not."""
    environ = {"COMETHOOKS_DATA_DIR": str(tmp_path), "COMETHOOKS_IMPORT_TIMEOUT": "0.3s"}
    plugins = look_at_plugins(Settings.load(environ))
    broken = {each.name: each.error for each in plugins.broken}
    return [each.name for each in plugins.loaded], broken


@pytest.mark.parametrize(
    "source, reason",
    [
        ("import os\nos._exit(0)", "its import ended the process (exit status 0)"),
        (
            "import os, signal\nos.kill(os.getpid(), signal.SIGUSR2)",
            "its import ended the process (SIGUSR2)",
        ),
        (
            "\nimport time\ntime.sleep(60)",
            "its import takes longer than 0.3 s (COMETHOOKS_IMPORT_TIMEOUT), at {file}:3",
        ),
        ('import pytest\npytest.skip("no", allow_module_level=True)', "Skipped: no"),
    ],
)
def test_a_command_survives_what_harms_its_process_and_names_it(
    plugin_dir: Path, tmp_path: Path, source: str, reason: str
) -> None:
    """With the others it goes on."""
    file = plugin_dir / "harmful.py"
    file.write_text(source)
    assert looked(tmp_path) == (["good"], {"harmful": reason.format(file=file)})
    assert not (tmp_path / "imports").exists()


def test_what_is_imported_is_known_by_its_content(tmp_path: Path) -> None:
    """So it is tried at once when it has changed, and is the same under another name."""
    one, other = tmp_path / "one.py", tmp_path / "other.py"
    one.write_text("1")
    other.write_text("1")
    first, second = in_folder(one).importing(), in_folder(other).importing()
    one.write_text("2")
    changed = in_folder(one).importing()
    assert first
    assert second
    assert changed
    assert first.content == second.content != changed.content
