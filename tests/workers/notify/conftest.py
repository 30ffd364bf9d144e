"""A harness of an app that a REST key is known of."""

from collections.abc import Iterator

import pytest

from comethooks import App
from comethooks.samples import APP_ID
from comethooks.testing import Harness


@pytest.fixture
def harness() -> Iterator[Harness]:
    """Delivers events, of an app that a REST key is known of."""
    with Harness() as made:
        made.apps[APP_ID] = App(APP_ID, "eu", "a key")
        yield made
