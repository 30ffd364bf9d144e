"""What the rules of moderation take that the settings do not have."""

from collections.abc import Iterator

from comethooks.doctor.finding import Finding, Level
from comethooks.workers.moderation.rule import THROUGH_COMETCHAT
from comethooks.workers.moderation.rule_set import Rules
from comethooks.workers.moderation.rules_file import RulesFileError, read_rules
from comethooks.workers.settings.settings import NAMES, Settings
from comethooks.workers.shipped import MODERATOR
from comethooks.workers.texts import number_of

CHECK = "moderation.rest_key"


def check_rules(settings: Settings) -> Iterator[Finding]:
    """Whether what rules do about messages can be done. Of rules that cannot be read, or that
    nobody goes by, nothing is said here.
    """
    if MODERATOR in settings.disabled_plugins:
        return
    try:
        rules = read_rules(settings.moderation_rules)
    except RulesFileError:
        return
    yield from _rest_keys(rules, settings)


def _rest_keys(rules: Rules, settings: Settings) -> Iterator[Finding]:
    taking = [
        rule.name
        for rule in rules.rules
        if not rule.shadow and not THROUGH_COMETCHAT.isdisjoint(rule.after)
    ]
    if not taking:
        return
    told = f"{number_of(len(taking), 'rule')} ({', '.join(taking)})"
    known = {app.id for app in settings.apps if app.rest_key is not None}
    lacking = sorted(settings.app_ids - known)
    if known and not lacking:
        yield Finding(CHECK, Level.OK, f"that of each app is known, for {told}")
        return
    of_whom = f"of {', '.join(lacking)}" if lacking else "of any app"
    yield Finding(
        CHECK,
        Level.WARNING,
        f"nobody knows the REST key {of_whom}; without it what is done by {told} once a message was"
        " sent ends as a dead letter",
        f"{NAMES['apps']}=id:region:restkey",
    )
