"""The pytest plugin: the fixture `harness`.

Every run of pytest imports this, also of those who test something else, so it imports nothing of
ours before the fixture is used.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from comethooks.testing import Harness


@pytest.fixture
def harness() -> Iterator["Harness"]:
    """Deliver events to a plugin: `harness.deliver(plugin, "message_sent")`.

    It needs no network and no server, and nobody waits.
    """
    from comethooks.testing import Harness

    with Harness() as made:
        yield made
