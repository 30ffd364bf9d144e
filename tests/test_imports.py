"""The rule of imports: schemas ← workers ← webhooks, and comethooks only re-exports."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MAY_IMPORT = {
    "schemas": {"schemas"},
    "workers": {"schemas", "workers"},
    "webhooks": {"schemas", "workers", "webhooks"},
    "comethooks": {"schemas", "workers"},
}
SCHEMAS_THIRD_PARTY = {"marshmallow", "orjson"}


def files(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def imported(file: Path) -> Iterator[tuple[int, str]]:
    """Line and top-level module of every import in `file`, wherever in it; a relative one is the package's own."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name.split(".")[0]) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = file.relative_to(ROOT).parts[0] if node.level else (node.module or "")
            yield node.lineno, module.split(".")[0]


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_a_package_imports_only_those_below_it(package: str) -> None:
    """Everything else knows nothing of those that use it."""
    assert files(package)
    forbidden = set(MAY_IMPORT) - MAY_IMPORT[package]
    wrong = [
        f"{file.relative_to(ROOT)}:{line} imports {module}"
        for file in files(package)
        for line, module in imported(file)
        if module in forbidden | {"tests", "bench"}
    ]
    assert wrong == []


def test_schemas_knows_nothing_of_http_redis_or_sql() -> None:
    """It needs the standard library, Marshmallow and orjson."""
    allowed = {"schemas", *SCHEMAS_THIRD_PARTY, *sys.stdlib_module_names}
    wrong = [
        f"{file.relative_to(ROOT)}:{line} imports {module}"
        for file in files("schemas")
        for line, module in imported(file)
        if module not in allowed
    ]
    assert wrong == []


def test_comethooks_is_one_file_of_re_exports() -> None:
    """A docstring, imports and the list of names."""
    [file] = files("comethooks")
    docstring, *body = ast.parse(file.read_text("utf-8")).body
    assert isinstance(docstring, ast.Expr)
    assert {type(node) for node in body} == {ast.ImportFrom, ast.Assign}


def test_nothing_unsafe_is_imported() -> None:
    """What comes from Redis or SQL is never unpickled."""
    wrong = [
        f"{file.relative_to(ROOT)}:{line}"
        for package in MAY_IMPORT
        for file in files(package)
        for line, module in imported(file)
        if module in {"pickle", "marshal", "shelve"}
    ]
    assert wrong == []


@pytest.mark.parametrize("module", ["webhooks.app", "workers.worker"])
def test_who_only_receives_or_waits_for_a_job_does_not_load_sql(module: str) -> None:
    """It would make each of these processes start half a second later."""
    code = f"import sys, {module}; sys.exit('sqlalchemy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
