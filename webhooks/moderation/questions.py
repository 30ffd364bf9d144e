"""Questions of moderation as a source: CometChat's, but that the URL says which app asks.

Every list has a URL of its own in CometChat's dashboard, so `?app=ID&rule=NAME` tells them apart.
What is kept is the body in an envelope (`schemas.wire.moderation`), a refused one too, so that it
can be put through the schemas again.
"""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, ClassVar
from urllib.parse import parse_qs

from comethooks import schemas
from comethooks.schemas import Parsed
from comethooks.schemas.wire.moderation import REQUESTED_TRIGGER, enveloped
from comethooks.webhooks.cometchat import CometChat, ForeignAppError
from comethooks.webhooks.sources import Glance, Refusal
from comethooks.workers.settings.settings import Settings
from comethooks.workers.texts import dumps

LONGEST_NAME = 100
"""Characters of an app id or a rule in a URL."""
MOST_PARAMETERS = 20
_NAME = re.compile(rf"[A-Za-z0-9_.:-]{{1,{LONGEST_NAME}}}")
_WRONG = f"Not a name: 1 to {LONGEST_NAME} letters, digits and any of _ . : -"


class WrongUrlError(Exception):
    """The URL does not say who asks; `errors` are by parameter, `?app` and `?rule`."""

    def __init__(self, errors: Mapping[str, Sequence[str]]) -> None:
        super().__init__("the URL does not say who asks")
        self.errors = errors


class Questions(CometChat):
    """What is asked at the URL with this `query`."""

    tells_refusals: ClassVar[bool] = True

    def __init__(self, settings: Settings, query: str = "") -> None:
        super().__init__(settings)
        self._errors: dict[str, list[str]] = {}
        given = self._parameters(query)
        self._rule = self._named("rule", given)
        self._app_id = self._named("app", given) or self._only_app()

    def decode(self, raw: bytes) -> dict[str, Any]:
        """The envelope with the JSON object that a body is."""
        return schemas.decode(self._enveloped(raw))

    def parse(self, body: dict[str, Any], raw: bytes) -> Parsed:
        """What a question is about, if its app may ask here."""
        if self._errors:
            raise WrongUrlError(self._errors)
        return super().parse(body, raw)

    def refuse(self, error: Exception) -> Refusal | None:
        """As at `/webhooks`, by paths in the body as it came; 422 for a URL that leaves open which
        app asks.
        """
        if isinstance(error, WrongUrlError):
            detail = " ".join(f"{name}: {' '.join(texts)}" for name, texts in error.errors.items())
            return Refusal(422, "the URL does not say who asks", detail, errors=error.errors)
        if isinstance(error, ForeignAppError):
            said = f"the app id {error.app_id!r}"
            detail = (
                f"The URL has {said}; only apps of COMETHOOKS_APP_IDS and COMETHOOKS_APPS may ask."
            )
            return Refusal(403, f"the URL has {said}, which is not allowed", detail)
        if isinstance(error, schemas.InvalidBodyError):
            errors = {path.removeprefix("data."): each for path, each in error.errors.items()}
            detail = "The body is no question of moderation; `errors` says where."
            return Refusal(422, "the body does not fit the schema", detail, errors=errors)
        return super().refuse(error)

    def glance(self, raw: bytes) -> Glance:
        """All of it is known without the body."""
        return Glance(REQUESTED_TRIGGER, self._app_id)

    def stored(self, raw: bytes) -> bytes:
        """The envelope; a body that is no JSON is kept as it came, unless secrets are dropped."""
        with suppress(schemas.NotJsonError):
            raw = self._enveloped(raw)
        return super().stored(raw)

    def _enveloped(self, raw: bytes) -> bytes:
        question = schemas.decode(raw)
        # In UTF-8 no byte of JSON is 0, so this is UTF-16 or UTF-32; or it begins with a mark.
        if b"\0" in raw or not raw.lstrip().startswith(b"{"):
            raw = dumps(question)
        return enveloped(raw, self._app_id, self._rule)

    def _parameters(self, query: str) -> Mapping[str, Sequence[str]]:
        try:
            return parse_qs(query, keep_blank_values=True, max_num_fields=MOST_PARAMETERS)
        except ValueError:
            self._errors["?"] = [f"More than {MOST_PARAMETERS} parameters."]
            return {}

    def _named(self, parameter: str, given: Mapping[str, Sequence[str]]) -> str | None:
        values = given.get(parameter)
        if values is None:
            return None
        if len(values) == 1 and _NAME.fullmatch(values[0]):
            return values[0]
        self._errors[f"?{parameter}"] = [_WRONG]
        return None

    def _only_app(self) -> str | None:
        """The app that is meant where the URL names none."""
        if len(self._app_ids) > 1 and not self._errors.keys() & {"?", "?app"}:
            known = ", ".join(sorted(self._app_ids))
            self._errors["?app"] = [f"Missing, and there are several apps: one of {known}."]
        return min(self._app_ids) if len(self._app_ids) == 1 else None
