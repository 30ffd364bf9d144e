"""The keys of the file, as Marshmallow schemas."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, get_args

from marshmallow import ValidationError, fields, validate, validates_schema

from comethooks.schemas import ATTRIBUTES
from comethooks.workers.moderation.rule import (
    AfterAction,
    ContactKind,
    Contacts,
    Exempt,
    Flood,
    InFlight,
    Kind,
    Links,
    Repetition,
    Scorer,
    ScorerCall,
    Severity,
    UserAge,
    WarnIn,
)
from comethooks.workers.moderation.text_patterns import quiet_options
from comethooks.workers.plugin_files.file_fields import (
    MISSING,
    AnyTexts,
    FileSchema,
    MadeOf,
    SomeText,
    SomeTexts,
    check_name,
    check_web_address,
    flag,
    number,
    one_of,
    some_of,
    whole_number,
)

_VERSION = 1
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_MOST_SECONDS = 24 * 3600
_MOST_COUNTED = 1_000
_LOOKED_FOR = (*get_args(Kind), "words_file")


def word_problem(word: str) -> str | None:
    """Why a word can be found in no text; None if it can."""
    from comethooks.workers.moderation.normalising.normaliser import NORMALISER  # see `rule_set`

    if NORMALISER.key_of(word) is None:
        return "nothing is left of it once it is normalised: it has no letter and no digit"
    return None


def _word(text: str) -> None:
    if problem := word_problem(text):
        raise ValidationError(problem)


def _pattern(text: str) -> None:
    import re2  # only who has patterns needs it

    try:
        re2.compile(text, quiet_options())
    except re2.error as error:
        said = error.args[0]
        said = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
        raise ValidationError(
            f"RE2 does not take it: {said}; it has no look-around and no back-references"
        ) from None


def _domain(text: str) -> None:
    from comethooks.workers.moderation.domains import domain_of

    if domain_of(text) is None:
        raise ValidationError("expected a domain: example.com")


def _region(text: str) -> None:
    import phonenumbers  # only who has contacts needs it

    if text not in phonenumbers.SUPPORTED_REGIONS:
        raise ValidationError("expected a country in two capital letters: US, DE, IN")


class LinksSchema(FileSchema):
    """The key `links`."""

    allow = AnyTexts(_domain)
    deny = AnyTexts(_domain)
    shorteners = flag()

    @validates_schema
    def finds_something(self, loaded: Mapping[str, Any], **_: Any) -> None:
        """Raise `ValidationError` when no link would be found."""
        if "allow" not in loaded and not loaded.get("deny") and not loaded.get("shorteners"):
            raise ValidationError("no link is found; write allow, deny or shorteners = true")


class ContactsSchema(FileSchema):
    """The key `contacts`."""

    find = some_of(ContactKind, load_default=list(get_args(ContactKind)))
    region = SomeText(_region)


class FloodSchema(FileSchema):
    """The key `flood`."""

    messages = whole_number(2, _MOST_COUNTED, required=True)
    seconds = number(1, _MOST_SECONDS, required=True)


class RepeatsSchema(FileSchema):
    """The key `repeats`."""

    times = whole_number(2, _MOST_COUNTED, required=True)
    seconds = number(1, _MOST_SECONDS, required=True)
    across = flag()


class ScorerSchema(FileSchema):
    """The key `scorer`."""

    url = SomeText(check_web_address, required=True)
    headers = fields.Dict(
        keys=fields.String(),
        values=SomeText(),
        error_messages={"invalid": 'expected a table: { Authorization = "Bearer …" }'},
    )
    timeout = number(0.01, 10)
    labels = fields.String(error_messages=MISSING)
    over = fields.Dict(
        keys=fields.String(),
        values=number(0, 1),
        required=True,
        validate=validate.Length(1, error="it is empty"),
        error_messages={
            "required": "it is missing",
            "invalid": "expected a table: { toxic = 0.9 }",
        },
    )


class ExemptSchema(FileSchema):
    """The key `exempt`."""

    roles = AnyTexts()
    users = AnyTexts()
    groups = AnyTexts()


class DefaultsSchema(FileSchema):
    """What rules have that do not say otherwise."""

    exempt = MadeOf(ExemptSchema, lambda loaded: _exempt(loaded))


class AgeField(fields.Field[UserAge]):
    """`<7d`: whose account is younger than seven days."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> UserAge:
        text = value if isinstance(value, str) else ""
        found = re.fullmatch(r"([<>])\s*(\d{1,4})\s*([mhdw])", text)
        if found is None:
            raise ValidationError('expected "<7d" or ">1h": m, h, d or w')
        sign, number, unit = found.groups()
        return UserAge(timedelta(**{_UNITS[unit]: int(number)}), sign == "<", value)


WhereSchema: Any = FileSchema.from_dict(
    {**{name: SomeTexts() for name in ATTRIBUTES}, "roles": SomeTexts(), "user_age": AgeField()},
    name="WhereSchema",
)


class ModerationRuleSchema(FileSchema):
    """A rule."""

    name = SomeText(check_name, required=True)
    words = SomeTexts(_word)
    words_file = SomeText()
    patterns = SomeTexts(_pattern)
    links = MadeOf(LinksSchema, lambda loaded: _links(loaded))
    contacts = MadeOf(
        ContactsSchema, lambda loaded: Contacts(tuple(loaded["find"]), loaded.get("region"))
    )
    flood = MadeOf(FloodSchema, lambda loaded: Flood(**loaded))
    repeats = MadeOf(RepeatsSchema, lambda loaded: Repetition(**loaded))
    scorer = MadeOf(ScorerSchema, lambda loaded: _scorer(loaded))
    where = fields.Nested(WhereSchema)
    exempt = MadeOf(ExemptSchema, lambda loaded: _exempt(loaded))
    in_flight = one_of(InFlight)
    after = some_of(AfterAction)
    severity = one_of(Severity)
    shadow = flag()
    warn = fields.String(error_messages=MISSING)
    warn_in = one_of(WarnIn)

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def looks_for_something(self, _: Any, given: Mapping[str, Any], **__: Any) -> None:
        """Raise `ValidationError` for a rule that finds nothing."""
        if not any(key in given for key in _LOOKED_FOR):
            raise ValidationError(
                f"it looks for nothing; write one of {', '.join(_LOOKED_FOR)}", "name"
            )

    @validates_schema(skip_on_field_errors=False)
    def can_warn(self, loaded: Mapping[str, Any], **_: Any) -> None:
        """Raise `ValidationError` for a text that is no template, or that nobody sends."""
        if "warn" in loaded:
            from comethooks.workers.plugin_files.templates import Template  # most rules have none

            try:
                Template(loaded["warn"])
            except ValueError as error:
                raise ValidationError(str(error), "warn") from None
        for key in ("warn", "warn_in"):
            if key in loaded and "warn" not in loaded.get("after", ()):
                raise ValidationError('nobody sends it; write after = ["warn"], too', key)


class RulesSchema(FileSchema):
    """The file."""

    version = fields.Integer(
        strict=True,
        required=True,
        validate=validate.Equal(_VERSION, error=f"expected {_VERSION}"),
        error_messages={
            "required": f"it is missing; write version = {_VERSION}",
            "invalid": f"expected {_VERSION}",
        },
    )
    defaults = fields.Nested(DefaultsSchema)
    rule = fields.List(
        fields.Nested(ModerationRuleSchema),
        required=True,
        error_messages={**MISSING, "invalid": "expected tables: [[rule]]"},
    )


def _links(loaded: Mapping[str, Any]) -> Links:
    from comethooks.workers.moderation.domains import domain_of

    def domains(key: str) -> frozenset[str]:
        return frozenset(found for each in loaded[key] if (found := domain_of(each)))

    return Links(
        allow=domains("allow") if "allow" in loaded else None,
        deny=domains("deny") if "deny" in loaded else frozenset(),
        shorteners=loaded.get("shorteners", False),
    )


def _scorer(loaded: Mapping[str, Any]) -> Scorer:
    headers = tuple(sorted(loaded.get("headers", {}).items()))
    given = {key: loaded[key] for key in ("timeout", "labels") if key in loaded}
    return Scorer(ScorerCall(loaded["url"], headers, **given), loaded["over"])


def _exempt(loaded: Mapping[str, Any]) -> Exempt:
    def small(key: str) -> frozenset[str]:
        # CometChat writes ids in small letters.
        return frozenset(each.lower() for each in loaded.get(key, ()))

    return Exempt(small("roles"), small("users"), small("groups"))
