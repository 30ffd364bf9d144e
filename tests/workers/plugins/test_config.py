"""The settings of plugins: declared as fields, read from the environment, shown to nobody."""

from pathlib import Path
from typing import Any

import pytest
from marshmallow import ValidationError, fields, validate

from comethooks.workers.plugins.config import Config, declaration_problems, read_config


def read(declared: dict[str, Any], **environ: str) -> tuple[Config, list[str]]:
    return read_config("welcome", declared, environ)


class TestReading:
    def test_a_field_is_read_from_a_variable_with_the_plugins_name(self) -> None:
        config, problems = read(
            {"channel": fields.Url(required=True), "max_size": fields.Int()},
            COMETHOOKS_WELCOME_CHANNEL="https://example.com/hook",
            COMETHOOKS_WELCOME_MAX_SIZE="3",
        )
        assert (config.channel, config.max_size) == ("https://example.com/hook", 3)
        assert problems == []

    def test_or_from_a_file(self, tmp_path: Path) -> None:
        (tmp_path / "token").write_text("hush\n")
        config, problems = read(
            {"token": fields.Str()}, COMETHOOKS_WELCOME_TOKEN_FILE=str(tmp_path / "token")
        )
        assert (config.token, problems) == ("hush", [])

    def test_what_is_not_set_has_its_default_or_is_none(self) -> None:
        declared = {
            "size": fields.Int(load_default=5),
            "made": fields.List(fields.Str(), load_default=list),
        }
        config, problems = read({**declared, "nothing": fields.Str()}, COMETHOOKS_WELCOME_SIZE="")
        assert (config.size, config.made, config.nothing) == (5, [], None)
        assert problems == []

    def test_a_list_has_commas(self) -> None:
        config, _ = read({"words": fields.List(fields.Str())}, COMETHOOKS_WELCOME_WORDS="a, b,,")
        assert config.words == ["a", "b"]

    @pytest.mark.parametrize(
        ("text", "words"),
        [('["a", "b, c"]', ["a", "b, c"]), ("[]", []), ("[a], b", ["[a]", "b"])],
        ids=["JSON", "empty", "commas all the same"],
    )
    def test_a_list_may_be_json(self, text: str, words: list[str]) -> None:
        """So an entry can hold a comma."""
        config, problems = read({"words": fields.List(fields.Str())}, COMETHOOKS_WELCOME_WORDS=text)
        assert (config.words, problems) == (words, [])

    def test_a_mapping_is_json(self) -> None:
        declared = {"rooms": fields.Dict(keys=fields.Str(), values=fields.Int())}
        config, problems = read(declared, COMETHOOKS_WELCOME_ROOMS='{"lobby": 3}')
        assert (config.rooms, problems) == ({"lobby": 3}, [])
        assert read(declared, COMETHOOKS_WELCOME_ROOMS="lobby=3")[1] == [
            "COMETHOOKS_WELCOME_ROOMS: Not a valid mapping type."
        ]

    def test_no_entry_of_a_list_is_quoted(self) -> None:
        """A validator of the plugin may quote what it refuses, also what begins like another."""

        def refuse(word: str) -> None:
            raise ValidationError(f"{word} is refused")

        declared = {"words": fields.List(fields.Str(validate=refuse))}
        for text in ("hush1,hush2", '["hush1", "hush2"]', "hush,hush-2"):
            _, problems = read(declared, COMETHOOKS_WELCOME_WORDS=text)
            assert problems == ["COMETHOOKS_WELCOME_WORDS: *** is refused *** is refused"]

    def test_fields_may_be_called_like_what_marshmallow_has(self) -> None:
        config, problems = read(
            {"load": fields.Str(), "context": fields.Str()}, COMETHOOKS_WELCOME_LOAD="x"
        )
        assert (config.load, config.context, problems) == ("x", None, [])


class TestProblems:
    def test_a_missing_one_is_named_as_the_variable_to_set(self) -> None:
        _, problems = read({"channel": fields.Url(required=True)})
        assert problems == [
            "COMETHOOKS_WELCOME_CHANNEL is not set; set it,"
            " or COMETHOOKS_WELCOME_CHANNEL_FILE to the path of a file with the value"
        ]

    def test_all_are_reported_and_no_value_is_quoted(self, tmp_path: Path) -> None:
        _, problems = read(
            {
                "channel": fields.Url(required=True),
                "size": fields.Int(validate=validate.Range(max=5)),
                "words": fields.List(fields.Url()),
                "token": fields.Str(required=True),
                "both": fields.Str(required=True),
            },
            COMETHOOKS_WELCOME_CHANNEL="hush",
            COMETHOOKS_WELCOME_SIZE="17",
            COMETHOOKS_WELCOME_WORDS="https://example.com,hush",
            COMETHOOKS_WELCOME_TOKEN_FILE=str(tmp_path / "none"),
            COMETHOOKS_WELCOME_BOTH="hush",
            COMETHOOKS_WELCOME_BOTH_FILE="hush",
        )
        assert sorted(problems) == [
            (
                "COMETHOOKS_WELCOME_BOTH and COMETHOOKS_WELCOME_BOTH_FILE are both set: unset one"
                " of them"
            ),
            "COMETHOOKS_WELCOME_CHANNEL: Not a valid URL.",
            "COMETHOOKS_WELCOME_SIZE: Must be less than or equal to 5.",
            "COMETHOOKS_WELCOME_TOKEN_FILE: the file cannot be read: No such file or directory",
            "COMETHOOKS_WELCOME_WORDS: Not a valid URL.",
        ]

    def test_a_value_that_the_plugins_own_check_quotes_is_taken_out(self) -> None:
        def check(value: str) -> None:
            raise ValidationError(f"{value} is no good")

        _, problems = read(
            {"token": fields.Str(validate=check)}, COMETHOOKS_WELCOME_TOKEN="hushhush"
        )
        assert problems == ["COMETHOOKS_WELCOME_TOKEN: *** is no good"]

    def test_a_check_that_breaks_is_named_without_its_text(self) -> None:
        def check(value: str) -> None:
            raise RuntimeError(value)

        _, [problem] = read({"token": fields.Str(validate=check)}, COMETHOOKS_WELCOME_TOKEN="hush")
        assert problem.startswith(f"the config could not be checked: RuntimeError at {__file__}:")
        assert "hush" not in problem


class TestDeclaring:
    def test_fields_are_fine(self) -> None:
        assert (
            declaration_problems("welcome", {"channel": fields.Url(), "file": fields.Str()}) == []
        )

    def test_what_is_no_mapping_is_not(self) -> None:
        assert "config is not a mapping" in declaration_problems("welcome", ["channel"])[0]

    @pytest.mark.parametrize("name", ["Channel", "a-b", "", "1a", 3])
    def test_names_become_variables(self, name: object) -> None:
        assert "lower-case letters" in declaration_problems("welcome", {name: fields.Str()})[0]

    def test_a_class_of_fields_is_no_field(self) -> None:
        [problem] = declaration_problems("welcome", {"channel": fields.Url})
        assert problem == "config field 'channel' is not a Marshmallow field; write () behind it"

    def test_a_value_is_no_field(self) -> None:
        assert declaration_problems("welcome", {"channel": "x"}) == [
            "config field 'channel' is not a Marshmallow field"
        ]

    @pytest.mark.parametrize(
        ("plugin", "field", "variable", "owner"),
        [
            ("log", "format", "COMETHOOKS_LOG_FORMAT", "COMETHOOKS_LOG_FORMAT"),
            ("plugin", "dir", "COMETHOOKS_PLUGIN_DIR", "COMETHOOKS_PLUGIN_DIR"),
            ("basic", "auth_file", "COMETHOOKS_BASIC_AUTH_FILE", "COMETHOOKS_BASIC_AUTH"),
        ],
    )
    def test_variables_of_the_service_are_taken(
        self, plugin: str, field: str, variable: str, owner: str
    ) -> None:
        [problem, *_] = declaration_problems(plugin, {field: fields.Str()})
        assert (
            problem
            == f"config field '{field}' would be read from {variable}, which belongs to {owner}"
        )

    def test_a_field_is_not_the_file_of_another(self) -> None:
        [problem] = declaration_problems(
            "welcome", {"token": fields.Str(), "token_file": fields.Str()}
        )
        assert "COMETHOOKS_WELCOME_TOKEN_FILE, which belongs to config field 'token'" in problem


class TestConfig:
    def test_it_shows_no_value(self) -> None:
        config = Config("welcome", {"token": "hush", "size": 1})
        assert repr(config) == "Config(token=***, size=***)"
        assert "hush" not in f"{config} {[config]}"

    def test_an_unknown_attribute_tells_which_there_are(self) -> None:
        with pytest.raises(
            AttributeError, match="plugin welcome has no setting 'tokn'; it has: token, size"
        ):
            _ = Config("welcome", {"token": "hush", "size": 1}).tokn
        with pytest.raises(AttributeError, match="it has: none"):
            _ = Config("welcome", {}).token

    def test_it_cannot_be_changed(self) -> None:
        config = Config("welcome", {"token": "hush"})
        with pytest.raises(AttributeError, match="read-only"):
            config.token = "x"
        with pytest.raises(AttributeError, match="read-only"):
            del config.token
        assert config.token == "hush"

    def test_tools_that_look_inside_find_what_they_expect(self) -> None:
        config = Config("welcome", {"token": "hush"})
        assert dir(config) == ["token"]
        assert not hasattr(config, "__wrapped__")
