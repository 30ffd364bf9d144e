"""Streams and a journal to browse in: those that the command's tests fill, too."""

from tests.comethooks.cli.conftest import command, store  # noqa: F401  (fixtures)
