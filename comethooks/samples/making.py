"""Bodies to try things out with, as CometChat would send them: every one about something that
happened just now.

Ids are random and times are the caller's, so that no body repeats another.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from comethooks.samples.envelopes import CLIENT, Envelope
from comethooks.samples.people import BOT
from comethooks.samples.scene import Json, scene
from comethooks.samples.table import BOTS, CURRENT, LEGACY, Sample

APP_ID = "2719405c8b3e6d17"
"""The app that a sample is from, unless the caller names one."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of sample: a trigger, in one of its variants, of one generation."""

    trigger: str
    variant: str
    legacy: bool = False
    bot: bool = False

    def __str__(self) -> str:
        return " ".join(
            (self.trigger, self.variant, *(["legacy"] * self.legacy), *(["bot"] * self.bot))
        )


def table(*, legacy: bool = False, bot: bool = False) -> Mapping[str, Sample]:
    """The samples of a generation: of today, `legacy`, or callbacks to a `bot`."""
    return BOTS if bot else LEGACY if legacy else CURRENT


def sample(
    trigger: str,
    *,
    now_ms: int,
    random: Random,
    app_id: str = APP_ID,
    legacy: bool = False,
    bot: bool = False,
    variant: str | None = None,
) -> dict[str, Any]:
    """A body for `trigger`, about something that happened at `now_ms` (milliseconds since the
    epoch).

    `legacy` asks for the older form of a trigger that has two, `bot` for a callback to a bot,
    `variant` for another than the usual kind, such as an `image`. Raises `KeyError` when there is
    none.
    """
    found = table(legacy=legacy, bot=bot)[trigger]
    here = scene(random, now_ms, app_id)
    if bot:
        here = replace(here, receiver=BOT)
    data = found.variants[variant or found.usual](here)
    return body(trigger, data, app_id, found.envelope)


def body(trigger: str, data: Json, app_id: str, envelope: Envelope) -> dict[str, Any]:
    """A body as it goes over the wire; clients spell the app's id in their own way."""
    app = "appID" if envelope is CLIENT else "appId"
    return {"trigger": trigger, "data": data, app: app_id, **envelope}


def all_kinds() -> Iterator[Kind]:
    """Every kind that there is a sample of."""
    for legacy, bot in ((False, False), (True, False), (False, True)):
        for trigger, found in table(legacy=legacy, bot=bot).items():
            for variant in found.variants:
                yield Kind(trigger, variant, legacy, bot)


def all_samples(
    *, now_ms: int, random: Random, app_id: str = APP_ID
) -> Iterator[tuple[Kind, dict[str, Any]]]:
    """One body of every kind."""
    for kind in all_kinds():
        yield (
            kind,
            sample(
                kind.trigger,
                now_ms=now_ms,
                random=random,
                app_id=app_id,
                legacy=kind.legacy,
                bot=kind.bot,
                variant=kind.variant,
            ),
        )
