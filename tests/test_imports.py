"""The rule of imports: schemas ← workers ← webhooks ← comethooks, and the wings of each floor."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.tables import make_tables

ROOT = Path(__file__).parents[1]
FLOORS = ("schemas", "workers", "webhooks", "comethooks")
"""From the ground up. A floor may import what is below it, and itself."""

WINGS = {
    "schemas": (
        ("errors", "wire"),
        ("triggers",),
        (
            *("decoding", "loading", "event", "parsing", "drift", "masking", "sending"),
            *("message_ids", "forgetting", "forgotten_user", "no_users", "common_words"),
        ),
    ),
    "workers": (
        (
            "clock",
            "ids",
            "states",
            "record",
            "logs",
            "processes",
            "poison",
            "patterns",
            "texts",
            "vital_signs",
            "shipped",
            "unchanging",
        ),
        ("analytics",),
        ("settings",),
        ("presses",),
        ("streams", "journal"),
        ("spool",),
        ("forgetting", "plugins"),
        ("cometchat", "plugin_files"),
        ("handlers",),
        ("deciding",),
        ("drain", "replays", "silence", "interactions", "notify", "moderation"),
        ("jobs",),
        ("supervision",),
    ),
    "webhooks": (
        (
            "problems",
            "replies",
            "body",
            "counters",
            "http_call",
            "sampling",
            "sources",
            "status_access",
        ),
        ("auth", "inflating", "cometchat", "receiving", "health", "metrics", "journal_probe"),
        (
            "spooling",
            "keeping",
            "decisions",
            "moderation",
            "view",
            "interactions",
            "elsewhere",
            "wsgi",
            "app",
        ),
        ("gunicorn",),
    ),
    "comethooks": (
        ("samples", "browse", "files", "management"),
        ("testing", "doctor", "backfill", "backup"),
        ("cli", "pytest_plugin"),
    ),
}
"""Of each floor its wings, in steps. A wing may import those of the steps below."""

MAY_SHARE_A_STEP = {"errors", "problems", "sources", "samples", "decoding", "processes", "record"}
"""What its own step may import, too: the few that everything else stands on."""

ONE_STEP = {
    ("workers", 0): "base",
    ("webhooks", 0): "what the parts of receiving share",
    ("webhooks", 1): "receiving",
    ("webhooks", 2): "the application",
    ("schemas", 2): "reading a body",
}
"""Steps whose modules are one wing, and may import each other as long as there is no circle."""

SCHEMAS_THIRD_PARTY = {"marshmallow", "orjson"}
MOST_MODULES = 20
"""How many modules a folder may show."""


def name_of(file: Path) -> str:
    """The module that a file is, as it is imported."""
    parts = file.relative_to(ROOT).with_suffix("").parts
    parts = parts if parts[0] == "comethooks" else ("comethooks", *parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def modules() -> dict[str, Path]:
    """Every module of the product, by name. The links in `comethooks` are not followed."""
    files = [file for floor in FLOORS for file in sorted((ROOT / floor).rglob("*.py"))]
    linked = tuple(ROOT / "comethooks" / floor for floor in FLOORS)
    return {
        name_of(file): file
        for file in files
        if not any(link in file.parents for link in linked) and "versions" not in file.parts
    }


@dataclass
class Source:
    """What is read of a file; a tree of all of them would take as much memory as the suite."""

    imports: list[tuple[int, str]] = field(default_factory=list)
    """The line and the module of every import, wherever in it, lazy ones included."""
    classes: list[str] = field(default_factory=list)
    """The names of those at its top level."""
    engines: list[int] = field(default_factory=list)
    """The lines in which it takes an attribute of that name."""


@cache
def source(file: Path) -> Source:
    """What is in `file`."""
    found = Source()
    tree = ast.parse(file.read_text("utf-8"))
    found.classes = [node.name for node in tree.body if isinstance(node, ast.ClassDef)]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.imports += ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{file}:{node.lineno} is relative; write where it is from"
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                found.imports.append(
                    (node.lineno, whole if whole in modules() else node.module or "")
                )
        elif isinstance(node, ast.Attribute) and node.attr == "engine":
            found.engines.append(node.lineno)
    return found


def imported(file: Path) -> list[tuple[int, str]]:
    """The line and the module of every import in `file`."""
    return source(file).imports


def place_of(module: str) -> tuple[str, str]:
    """The floor and the wing that a module of ours is in; the wing of the floor itself is ""."""
    parts = module.split(".")[1:]
    if parts and parts[0] in FLOORS:
        return parts[0], parts[1] if len(parts) > 1 else ""
    return "comethooks", parts[0] if parts else ""


def step_of(floor: str, wing: str) -> int:
    """How high a wing is on its floor; the floor itself, which only re-exports, is above all."""
    steps = WINGS[floor]
    return next((number for number, step in enumerate(steps) if wing in step), len(steps))


def ours() -> Iterator[tuple[str, int, str]]:
    """Every import of a module of ours by another: who, in which line, whom."""
    for file in modules().values():
        for line, target in imported(file):
            if target.split(".")[0] == "comethooks":
                yield f"{file.relative_to(ROOT)}", line, target


def test_every_wing_is_known() -> None:
    """A new room says here where it stands."""
    found = {place_of(module) for module in modules()} - {(floor, "") for floor in FLOORS}
    assert found == {(floor, wing) for floor in FLOORS for step in WINGS[floor] for wing in step}


def test_a_floor_imports_only_what_is_below() -> None:
    """Everything else knows nothing of those that use it."""
    wrong = [
        f"{file}:{line} imports {target}"
        for file, line, target in ours()
        if FLOORS.index(place_of(name_of(ROOT / file))[0]) < FLOORS.index(place_of(target)[0])
    ]
    assert wrong == []


def test_a_wing_imports_only_what_is_below() -> None:
    """Those of one step do not know each other, unless their step is one wing."""
    wrong = []
    for file, line, target in ours():
        (floor, wing), (other_floor, other) = place_of(name_of(ROOT / file)), place_of(target)
        if floor != other_floor or wing == other:
            continue
        mine, theirs = step_of(floor, wing), step_of(floor, other)
        together = mine == theirs and ((floor, mine) in ONE_STEP or other in MAY_SHARE_A_STEP)
        if theirs > mine or (theirs == mine and not together):
            wrong.append(f"{file}:{line} imports {target}")
    assert wrong == []


def test_there_is_no_circle() -> None:
    """Not even one that an import within a function would hide."""
    graph = {
        module: {target for _, target in imported(file) if target in modules()} - {module}
        for module, file in modules().items()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" ← ".join(error.args[1]))


def test_schemas_knows_nothing_of_http_redis_or_sql() -> None:
    """It needs the standard library, Marshmallow and orjson."""
    allowed = {"comethooks", *SCHEMAS_THIRD_PARTY, *sys.stdlib_module_names}
    wrong = [
        f"{module}:{line} imports {target}"
        for module, file in modules().items()
        if place_of(module)[0] == "schemas"
        for line, target in imported(file)
        if target.split(".")[0] not in allowed
    ]
    assert wrong == []


def test_nothing_is_imported_past_the_one_root() -> None:
    """A team's own `schemas` or `workers` is not ours; tests and bench are not installed."""
    foreign = {"schemas", "workers", "webhooks", "tests", "bench"}
    wrong = [
        f"{module}:{line} imports {target}"
        for module, file in modules().items()
        for line, target in imported(file)
        if target.split(".")[0] in foreign
    ]
    assert wrong == []


def test_nothing_unsafe_is_imported() -> None:
    """What comes from Redis or SQL is never unpickled."""
    wrong = [
        f"{module}:{line}"
        for module, file in modules().items()
        for line, target in imported(file)
        if target.split(".")[0] in {"pickle", "marshal", "shelve"}
    ]
    assert wrong == []


def test_a_folder_shows_no_more_than_a_reader_takes_in() -> None:
    """`ls` of any of them reads like a sentence."""
    folders: dict[Path, int] = {}
    for file in modules().values():
        folders[file.parent] = folders.get(file.parent, 0) + (file.name != "__init__.py")
    assert {str(folder): count for folder, count in folders.items() if count > MOST_MODULES} == {}


ASK_THE_JOURNAL = """
import sys
from comethooks.workers.jobs import attempts, chunks, draining
from comethooks.workers.journal import Journal, JournalOutdatedError

try:
    Journal.open(sys.argv[1]).require_current()
except JournalOutdatedError:
    sys.exit("alembic" in sys.modules)
"""


def test_who_runs_handlers_does_not_load_alembic(tmp_path: Path) -> None:
    """Each work-horse would load it again, since only what the supervisor has loaded is shared."""
    command = [sys.executable, "-c", ASK_THE_JOURNAL, f"sqlite:///{tmp_path}/journal.db"]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == 0


@pytest.mark.parametrize(
    "module", ["comethooks.webhooks.app", "comethooks.workers.supervision.worker"]
)
def test_who_only_receives_or_waits_for_a_job_does_not_load_sql(module: str) -> None:
    """It would make each of these processes start half a second later."""
    code = f"import sys, {module}; sys.exit('sqlalchemy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_what_a_plugin_imports_does_not_load_sql() -> None:
    """Web processes load plugins for their deciders: each would be 20 MB larger."""
    code = (
        "import sys; from comethooks import Context, DeciderContext, Decision, Plugin, Retry;"
        "import comethooks.workers.moderation.moderator_plugin;"
        "sys.exit('sqlalchemy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


LISTINGS = ("events", "requests", "runs")
NOT_FOR_LISTINGS = (
    *("alembic", "flask", "gunicorn", "httpx", "psycopg", "rich.progress", "rq"),
    *("comethooks.files", "comethooks.samples", "comethooks.testing", "comethooks.webhooks"),
    *("comethooks.workers.handlers", "comethooks.workers.jobs", "comethooks.workers.plugins"),
)
LIST = """
import sys
from comethooks.cli import main

group, *unwanted = sys.argv[1:]
main([group, "list"], standalone_mode=False)
sys.exit(", ".join(each for each in unwanted if each in sys.modules) or 0)
"""


@pytest.mark.parametrize("group", LISTINGS)
def test_a_listing_loads_only_what_it_shows_events_with(group: str, tmp_path: Path) -> None:
    """Nearly all of the time that it takes is for imports."""
    make_tables(f"sqlite:///{tmp_path}/comethooks.db")
    done = subprocess.run(
        [sys.executable, "-c", LIST, group, *NOT_FOR_LISTINGS],
        env={
            **os.environ,
            "COMETHOOKS_DATA_DIR": str(tmp_path),
            "REDIS_URL": "redis://localhost:1",
        },
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_no_class_has_the_name_of_another() -> None:
    """Whoever searches for one finds it. What CometChat writes and what a handler reads are told
    apart by the ending `Schema`.
    """
    homes: dict[str, list[str]] = {}
    for module, file in modules().items():
        for name in source(file).classes:
            homes.setdefault(name, []).append(module)
    assert {name: found for name, found in homes.items() if len(found) > 1} == {}


def test_no_module_has_the_name_of_another_on_its_floor() -> None:
    """But for the files of `wire` and `event`, which are about the same things, and but for rooms
    of `comethooks`, each of which stands by itself.
    """
    homes: dict[tuple[str, ...], list[str]] = {}
    for module, file in modules().items():
        floor, wing = place_of(module)
        room = (floor, wing) if floor == "comethooks" or wing in {"wire", "event"} else (floor,)
        if file.name != "__init__.py":
            homes.setdefault((*room, file.stem), []).append(module)
    assert {key: found for key, found in homes.items() if len(found) > 1} == {}


JOURNAL = "comethooks.workers.journal"


def test_the_journal_has_one_face() -> None:
    """Whoever is outside asks it, and touches no table, no engine and no driver."""
    wrong = []
    for module, file in modules().items():
        if module == JOURNAL or module.startswith(f"{JOURNAL}."):
            continue
        wrong += [
            f"{module}:{line} imports {target}"
            for line, target in imported(file)
            if target.startswith(f"{JOURNAL}.")
            or target.split(".")[0] in {"sqlalchemy", "alembic", "psycopg"}
        ]
        wrong += [f"{module}:{line} takes the engine" for line in source(file).engines]
    assert wrong == []
