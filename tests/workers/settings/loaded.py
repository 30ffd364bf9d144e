"""Settings as tests load them."""

import pytest

from comethooks.workers.settings.settings import Settings, SettingsError


def problems(environ: dict[str, str]) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        Settings.load(environ)
    assert all(problem in str(caught.value) for problem in caught.value.problems)
    return caught.value.problems
