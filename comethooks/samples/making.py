"""Bodies to try things out with, as CometChat would send them, about what happened just now.

Ids are random and times are the caller's, so that no body repeats another.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from comethooks.samples.filling import filled
from comethooks.samples.people import BOT
from comethooks.samples.scene import scene
from comethooks.samples.templates import Template, templates_of

APP_ID = "2719405c8b3e6d17"
"""The app that a sample is from, unless the caller names one."""


@dataclass(frozen=True, slots=True)
class SampleKind:
    """One kind of sample: a trigger, in one of its variants, of one generation."""

    trigger: str
    variant: str
    legacy: bool = False
    bot: bool = False

    def __str__(self) -> str:
        return " ".join(
            (self.trigger, self.variant, *(["legacy"] * self.legacy), *(["bot"] * self.bot))
        )


def table(*, legacy: bool = False, bot: bool = False) -> Mapping[str, Mapping[str, Template]]:
    """The samples of today, the `legacy` ones, or callbacks to a `bot`: by trigger and variant.

    The first variant of a trigger is the usual one.
    """
    return templates_of("bot" if bot else "legacy" if legacy else "current")


def template_of(
    trigger: str, variant: str | None = None, *, legacy: bool = False, bot: bool = False
) -> Template:
    """A body with its placeholders. Raises `KeyError` when there is none."""
    variants = table(legacy=legacy, bot=bot)[trigger]
    return variants[variant or next(iter(variants))]


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
    """A body for `trigger`, about something that happened at `now_ms`.

    `legacy` asks for the older form of a trigger that has two, `bot` for a callback to a bot,
    `variant` for another than the usual kind, such as an `image`. Raises `KeyError` when there is
    none.
    """
    template = template_of(trigger, variant, legacy=legacy, bot=bot)
    here = scene(random, now_ms, app_id)
    return filled(template, replace(here, receiver=BOT) if bot else here)


def all_kinds() -> Iterator[SampleKind]:
    """Every kind that there is a sample of."""
    for legacy, bot in ((False, False), (True, False), (False, True)):
        for trigger, variants in table(legacy=legacy, bot=bot).items():
            for variant in variants:
                yield SampleKind(trigger, variant, legacy, bot)


def all_samples(
    *, now_ms: int, random: Random, app_id: str = APP_ID
) -> Iterator[tuple[SampleKind, dict[str, Any]]]:
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
