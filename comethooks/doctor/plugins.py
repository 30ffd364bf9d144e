"""The plugins that a worker would load here."""

from collections.abc import Iterator

from comethooks.doctor.finding import Finding, Level
from comethooks.workers.plugins.loaded import Plugins


def check_plugins(plugins: Plugins) -> Iterator[Finding]:
    """One finding for each plugin, and one for each warning of one."""
    for broken in plugins.broken:
        detail = broken.error if broken.where in broken.error else f"{broken.where}: {broken.error}"
        advice = "mend it, or name it in COMETHOOKS_DISABLED_PLUGINS; see: comethooks plugins check"
        yield Finding(f"plugins.{broken.name}", Level.WRONG, f"quarantined: {detail}", advice)
    for loaded in plugins.loaded:
        count = len(loaded.handlers)
        handlers = f"{count} handler{'' if count == 1 else 's'}"
        yield Finding(f"plugins.{loaded.name}", Level.OK, f"{handlers}, version {loaded.version}")
        for warning in loaded.warnings:
            yield Finding(f"plugins.{loaded.name}", Level.WARNING, warning)
    for disabled in plugins.disabled:
        yield Finding(f"plugins.{disabled.name}", Level.OK, f"disabled ({disabled.origin})")
    if not (plugins.broken or plugins.loaded or plugins.disabled):
        yield Finding(
            "plugins", Level.OK, "there are none: events are kept, and nothing is done with them"
        )
