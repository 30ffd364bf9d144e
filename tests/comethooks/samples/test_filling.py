"""Bodies with placeholders: what these stand for, and where such bodies are kept."""

import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from random import Random

import pytest

from comethooks.samples import table
from comethooks.samples.filling import filled
from comethooks.samples.people import GROUPS, PEOPLE
from comethooks.samples.scene import Scene
from comethooks.samples.templates import part
from tests.looped import looped

NOW = 1_790_000_000_123
ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "comethooks" / "samples" / "bodies"
ADA, BEN = PEOPLE[:2]
TWO = Scene(Random(1), NOW, ADA, BEN, "app1")
IN_GROUP = Scene(Random(1), NOW, ADA, GROUPS[0], "app1")


class TestFilled:
    def test_a_placeholder_is_of_the_type_that_it_stands_for(self):
        """A text in a text, and a number by itself."""
        template = {
            "at": "{now}",
            "since": "{now-30}",
            "text": "{now!s}",
            "of": "{sender} at {now_ms}",
        }
        assert filled(template, TWO) == {
            "at": NOW // 1000,
            "since": NOW // 1000 - 30,
            "text": str(NOW // 1000),
            "of": f"{ADA.uid} at {NOW}",
        }

    def test_it_has_one_value_in_a_body_and_another_in_the_next(self):
        """A session has one token wherever it stands."""
        template = {"one": "{token.a}", "same": ["{token.a}"], "other": "{token.b}"}
        first, second = filled(template, TWO), filled(template, TWO)
        assert first["one"] == first["same"][0] != first["other"]
        assert first["one"] != second["one"]

    def test_a_key_may_be_one(self):
        """Members stand under their uids."""
        assert filled({"{other}": {"uid": "{other}"}}, TWO) == {BEN.uid: {"uid": BEN.uid}}

    def test_nothing_leaves_its_key_out(self):
        """And null is null."""
        assert filled({"a": "{nothing}", "b": None}, TWO) == {"b": None}

    def test_an_object_may_have_what_another_one_has(self):
        """What it says itself goes before that, at any depth."""
        text = filled(part("message", "text"), TWO)
        changed = {"...": "{message.text}", "data": {"text": "hi"}, "sentAt": "{nothing}"}
        made = filled(changed, TWO, {"message": text})
        assert made["data"] == {**text["data"], "text": "hi"}
        assert text.keys() - made.keys() == {"sentAt"}

    def test_what_is_given_goes_before_what_is_made_up(self):
        """By its name, or with what is asked of it."""
        template = {"id": "{message_id}", "by": "{other.name}", "token": "{token.a}"}
        given = {"message_id": "7", "other": PEOPLE[4], "token.a": "t"}
        assert filled(template, TWO, given) == {"id": "7", "by": PEOPLE[4].name, "token": "t"}

    def test_a_group_has_no_avatar(self):
        """So the key is left out."""
        template = {"name": "{receiver.name}", "avatar": "{receiver.avatar}"}
        assert filled(template, TWO).keys() == {"name", "avatar"}
        assert filled(template, IN_GROUP) == {"name": GROUPS[0].name}

    @pytest.mark.parametrize("name", ["{smell}", "{part.smell}", "{message.smell}"])
    def test_what_there_is_none_of_is_a_key_error(self, name):
        """A misspelt placeholder would go out as it stands."""
        with pytest.raises(KeyError):
            filled({"a": name}, TWO)


class TestFiles:
    @looped("path", sorted(FOLDER.rglob("*.json")), ids=lambda path: path.stem)
    def test_is_readable(self, path):
        """In lines that a screen shows; only an address may need more."""
        text = path.read_text("utf-8")
        assert text.endswith("}\n")
        assert [
            line for line in text.splitlines() if len(line) > 100 and "http" not in line.lower()
        ] == []
        assert isinstance(json.loads(text), dict)

    def test_is_called_what_its_body_is(self):
        """A trigger is found by the name of its file."""
        for generation in ("current", "legacy", "bot"):
            for path in (FOLDER / generation).glob("*.json"):
                body = json.loads(path.read_text("utf-8"))
                assert body["trigger"] == path.stem.partition(".")[0]

    def test_every_part_is_used(self):
        """A part that no body has is dead."""
        text = "".join(path.read_text("utf-8") for path in FOLDER.rglob("*.json"))
        used = set(re.findall(r"\{part\.([a-z_]+)\}", text))
        assert {path.stem for path in (FOLDER / "parts").glob("*.json")} == used

    def test_the_usual_variant_comes_first(self):
        """A text, and what was seen in the documentation."""
        assert next(iter(table()["message_sent"])) == "text"
        assert next(iter(table()["ui_message_interacted"])) == "form"
        assert next(iter(table()["user_connection_status_changed"])) == "usual"

    def test_all_of_them_are_in_the_wheel(self, tmp_path):
        """What is installed can send what the checkout can."""
        subprocess.run(
            [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
            cwd=ROOT,
            check=True,
            capture_output=True,
        )
        [wheel] = tmp_path.glob("*.whl")
        with zipfile.ZipFile(wheel) as packed:
            names = {Path(name) for name in packed.namelist()}
        here = {path.relative_to(ROOT) for path in FOLDER.rglob("*.json")}
        assert here
        assert here <= names
