"""Keys that sign the URLs of interactions: as they are written, and as one is made and kept."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from comethooks.workers.settings.interaction_keys import (
    InteractionKey,
    InteractionKeysError,
    ensure_interaction_keys,
    parse_interaction_keys,
)
from comethooks.workers.settings.paths import interaction_keys_path
from comethooks.workers.settings.settings import Settings, SettingsError

SECRET = "hush-hush-hush-hush"


class TestParseInteractionKeys:
    def test_several_are_a_rotation(self) -> None:
        """The first signs, all verify."""
        assert parse_interaction_keys(f"new:{SECRET}, old:{SECRET}:x") == (
            InteractionKey("new", SECRET.encode()),
            InteractionKey("old", f"{SECRET}:x".encode()),
        )

    @pytest.mark.parametrize(
        ("text", "wrong"),
        [
            (f"a:{SECRET},hush", "entry 2 is not id:secret"),
            (f"a:{SECRET},:{SECRET}", "entry 2 is not id:secret"),
            (f"hu.sh:{SECRET}", "entry 1 is not id:secret"),
            (f"{'hush' * 5}:{SECRET}", "entry 1 is not id:secret"),
            ("a:hush", "the secret of entry 1 has less than 16 characters"),
            (f"a:{SECRET},a:{SECRET}x", "two keys with the same id"),
            (" , ", "holds no key"),
        ],
    )
    def test_it_is_told_what_is_wrong_and_no_text_is_quoted(self, text: str, wrong: str) -> None:
        with pytest.raises(InteractionKeysError, match=wrong) as caught:
            parse_interaction_keys(text)
        assert "hush" not in str(caught.value)


class TestEnsureInteractionKeys:
    def test_everybody_gets_the_one_that_is_made_first(self, tmp_path: Path) -> None:
        with ThreadPoolExecutor(8) as pool:
            made = set(pool.map(lambda _: ensure_interaction_keys(tmp_path / "data"), range(40)))
        assert len(made) == 1

    def test_it_is_readable_by_this_user_alone(self, tmp_path: Path) -> None:
        ensure_interaction_keys(tmp_path)
        assert stat.S_IMODE(interaction_keys_path(tmp_path).stat().st_mode) == 0o600


class TestSettings:
    def test_the_kept_key_is_used_when_none_is_set(self, tmp_path: Path) -> None:
        made = ensure_interaction_keys(tmp_path)
        environ = {"COMETHOOKS_DATA_DIR": str(tmp_path)}
        assert Settings.load(environ).interaction_keys == made
        environ["COMETHOOKS_INTERACTION_KEYS"] = f"mine:{SECRET}"
        assert [key.id for key in Settings.load(environ).interaction_keys] == ["mine"]

    def test_without_any_there_are_none(self, tmp_path: Path) -> None:
        assert Settings.load({"COMETHOOKS_DATA_DIR": str(tmp_path)}).interaction_keys == ()

    def test_no_output_shows_a_secret(self, tmp_path: Path) -> None:
        environ = {"COMETHOOKS_DATA_DIR": str(tmp_path)}
        environ["COMETHOOKS_INTERACTION_KEYS"] = f"mine:{SECRET}"
        shown = repr(Settings.load(environ))
        assert "interaction_keys='mine:***'" in shown
        assert SECRET not in shown

    def test_a_damaged_file_is_a_problem(self, tmp_path: Path) -> None:
        interaction_keys_path(tmp_path).write_text("hush")
        with pytest.raises(SettingsError, match=r"entry 1 is not id:secret.*mend or remove it"):
            Settings.load({"COMETHOOKS_DATA_DIR": str(tmp_path)})
