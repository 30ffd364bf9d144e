"""What a test lacks on this machine: a reason to skip it, or, where everything must be there, to
fail.
"""

import os
from typing import NoReturn

import pytest

REQUIRE_ALL = os.environ.get("COMETHOOKS_TEST_REQUIRE_ALL") == "1"


def missing(reason: str) -> NoReturn:
    """Skip the test, or fail it when COMETHOOKS_TEST_REQUIRE_ALL is 1."""
    if REQUIRE_ALL:
        pytest.fail(reason)
    pytest.skip(reason)
