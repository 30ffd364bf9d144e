"""The alarms and the dashboard: that they ask for what there is, and that alarms are raised when
they should be.
"""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.missing import missing

ROOT = Path(__file__).parents[2]
RULES = ROOT / "deploy/prometheus/rules.yaml"
DASHBOARD = ROOT / "deploy/grafana/dashboard.json"
OPERATIONS = ROOT / "docs/operations.md"
ALARM = re.compile(r"- alert: (\w+)")
METRIC = re.compile(r"\bcomethooks_[a-z_]+")
_SERIES = re.compile(r"(_bucket|_sum|_count)$")
"""What Prometheus adds to the name of a histogram."""


def promtool(*arguments: str, cwd: Path) -> None:
    """Run it, and fail with what it says."""
    if shutil.which("promtool") is None:
        missing("promtool is not installed; on Debian: apt-get install prometheus")
    done = subprocess.run(
        ["promtool", *arguments], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def documented() -> set[str]:
    """The metrics that docs/http.md says `/metrics` has."""
    rows = re.findall(r"^\| (`comethooks_.*?) \|", (ROOT / "docs/http.md").read_text(), re.M)
    return {name for row in rows for name in METRIC.findall(row)}


def texts_of_panels() -> list[str]:
    """Every expression of the dashboard."""
    panels: list[dict[str, Any]] = json.loads(DASHBOARD.read_text())["panels"]
    return [target["expr"] for panel in panels for target in panel["targets"]]


def test_prometheus_takes_the_rules() -> None:
    """Eleven of them, as it reads them."""
    promtool("check", "rules", str(RULES), cwd=ROOT)
    assert len(ALARM.findall(RULES.read_text())) == 11


def test_each_alarm_is_raised_when_it_should_be_and_not_otherwise(tmp_path: Path) -> None:
    """By series of figures as `/metrics` gives them, each alarm at least once."""
    cases = Path(__file__).with_name("alarms.yaml")
    raised = cases.read_text()
    assert [name for name in ALARM.findall(RULES.read_text()) if raised.count(name) < 2] == []
    shutil.copy(cases, tmp_path)
    shutil.copy(RULES, tmp_path)
    promtool("test", "rules", cases.name, cwd=tmp_path)


@pytest.mark.parametrize("file", [RULES, DASHBOARD, Path(__file__).with_name("alarms.yaml")])
def test_every_metric_that_is_asked_for_is_there(file: Path) -> None:
    """Nobody is told of what is never counted."""
    text = "\n".join(texts_of_panels()) if file == DASHBOARD else file.read_text()
    asked = {_SERIES.sub("", name) for name in METRIC.findall(text)}
    assert asked
    assert asked - documented() == set()


@pytest.mark.parametrize("alarm", ALARM.findall(RULES.read_text()))
def test_every_alarm_has_a_place_that_says_what_to_do(alarm: str) -> None:
    """Under its name, where the alarm says that it is."""
    assert f"\n### {alarm}\n" in OPERATIONS.read_text()
    assert f"runbook: docs/operations.md#{alarm.lower()}\n" in RULES.read_text()


def test_no_file_speaks_of_an_alarm_that_is_none() -> None:
    """Whoever reads of one finds it."""
    files = [*(ROOT / "deploy").rglob("*.yaml"), *(ROOT / "docs").glob("*.md")]
    named = re.findall(r"\bComethooks[A-Z]\w+", "\n".join(file.read_text() for file in files))
    assert set(named) - set(ALARM.findall(RULES.read_text())) == set()


def test_no_two_panels_of_the_dashboard_are_the_same_and_each_says_what_it_shows() -> None:
    """Whoever is woken has no time to guess."""
    panels = json.loads(DASHBOARD.read_text())["panels"]
    assert len({panel["id"] for panel in panels}) == len({p["title"] for p in panels}) == 18
    assert all(panel["description"].endswith(".") for panel in panels)
