"""CometChat as a source: Basic authentication, JSON, an allow-list of apps, messages in flight."""

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from comethooks import schemas
from comethooks.schemas import COMETCHAT, Keep, Parsed
from comethooks.webhooks.auth import CHALLENGE, Authenticator
from comethooks.webhooks.sources import Glance, Headers, Refusal, Source
from comethooks.workers.settings.settings import Settings
from comethooks.workers.texts import dumps

# For a body that is no JSON. Behind a backslash the word is part of a text that anybody may write.
_TRIGGER = re.compile(rb'(?<!\\)"trigger"\s*:\s*"([a-z_]{1,64})"')
_SHOWN = 200
"""Characters of an app id that are shown to its sender."""


class ForeignAppError(Exception):
    """The body is of an app that is not allowed; `app_id` is None when it names none."""

    def __init__(self, app_id: str | None) -> None:
        super().__init__("an app that is not allowed")
        self.app_id = app_id


class CometChat(Source):
    """The webhooks of CometChat, of both generations."""

    name: ClassVar[str] = COMETCHAT
    is_quick: ClassVar[bool] = True
    challenge: ClassVar[str | None] = CHALLENGE
    wanted: ClassVar[str] = "the user name and password of COMETHOOKS_BASIC_AUTH"

    def __init__(self, settings: Settings) -> None:
        self._authenticator = Authenticator(settings.basic_auth)
        self._app_ids = settings.app_ids
        self._strict = settings.strict_triggers
        self._lenient = settings.lenient_triggers
        self._count_only = settings.count_only
        self._drop_secrets = settings.drop_secrets

    def authenticate(self, headers: Headers, raw: bytes) -> str:
        """By HTTP Basic authentication: CometChat signs nothing (its documentation)."""
        return self._authenticator.label(headers.get("authorization"))

    def takes(self, content_type: str) -> bool:
        """JSON, also `Application/json`, which CometChat writes (seen live), and none at all."""
        return is_json(content_type)

    def decode(self, raw: bytes) -> dict[str, Any]:
        """The JSON object that a body is."""
        return schemas.decode(raw)

    def parse(self, body: dict[str, Any], raw: bytes) -> Parsed:
        """What a body says, if its app may send here."""
        app_id = app_id_of(body)
        if self._app_ids and app_id not in self._app_ids:
            raise ForeignAppError(app_id)
        return schemas.parse(body, raw, strict=self._strict, lenient=self._lenient)

    def refuse(self, error: Exception) -> Refusal | None:
        """400 for what is no JSON object, 403 for another app, 422 for a body that does not fit."""
        if isinstance(error, schemas.NotJsonError):
            return not_json(error)
        if isinstance(error, ForeignAppError):
            return _foreign(error.app_id)
        if isinstance(error, schemas.InvalidBodyError):
            detail = "The body does not fit the schema of its trigger; `errors` says where."
            return Refusal(422, "the body does not fit the schema", detail, errors=error.errors)
        return None

    def glance(self, raw: bytes) -> Glance:
        """Trigger and app. Of a body that is broken only the trigger, and only if its sender waits
        for a decision.
        """
        try:
            body = schemas.decode(raw)
        except schemas.NotJsonError:
            found = _TRIGGER.search(raw)
            trigger = found[1].decode() if found else None
            return Glance(trigger if self.waits(trigger) else None)
        return Glance(schemas.trigger_of(body), app_id_of(body))

    def waits(self, trigger: str | None) -> bool:
        """For before_message CometChat holds the message back."""
        return schemas.is_in_flight(trigger)

    def keeps(self, trigger: str) -> bool:
        """As the table and the settings say."""
        return trigger not in self._count_only and schemas.entry_for(trigger).keep is Keep.KEEP

    def stored(self, raw: bytes) -> bytes:
        """The body as it came or, when the settings say so, without its secrets: then a body that
        is no JSON is not stored.
        """
        return without_secrets(raw) if self._drop_secrets else raw


def without_secrets(raw: bytes) -> bytes:
    """A body with `***` for every secret; empty when it is no JSON, where secrets are unknown."""
    try:
        return dumps(schemas.masked(schemas.decode(raw)))
    except schemas.NotJsonError:
        return b""


def not_json(error: schemas.NotJsonError) -> Refusal:
    """What the sender of a body that is no JSON object is told."""
    said = f"body is {error.reason}"
    return Refusal(400, f"the {said}", f"The {said}; send one JSON object.")


def is_json(content_type: str) -> bool:
    """Whether a Content-Type says JSON. A missing one does: some senders leave it out."""
    media = content_type.partition(";")[0].strip().lower()
    return media in {"", "application/json"} or (media.endswith("+json") and "/" in media)


def app_id_of(body: Mapping[str, Any]) -> str | None:
    """The app that a body is of; the clients' own callback spells it with a capital D."""
    value = body.get("appId", body.get("appID"))
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else None


def _foreign(app_id: str | None) -> Refusal:
    said = "no app id" if app_id is None else f"the app id {app_id[:_SHOWN]!r}"
    return Refusal(
        403,
        f"the body has {said}, which is not allowed",
        f"The body has {said}; only the apps of COMETHOOKS_APP_IDS and COMETHOOKS_APPS may send"
        " here.",
    )
