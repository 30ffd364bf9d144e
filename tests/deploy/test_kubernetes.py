"""The manifests for Kubernetes: its schemas take them, and what they say of us is so."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from comethooks.cli.services.parts import STOP_MARGIN_SECONDS
from comethooks.workers.settings.names import NAMES
from comethooks.workers.settings.settings import Settings
from comethooks.workers.settings.values import parse_size
from tests.missing import missing

FOLDER = Path(__file__).parents[2] / "deploy/kubernetes"
FILES = sorted(set(FOLDER.glob("*.yaml")) - {FOLDER / "kustomization.yaml"})
KUSTOMIZATION = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
OBJECTS = [each for file in FILES for each in yaml.safe_load_all(file.read_text())]


def named(kind: str, name: str) -> dict[str, Any]:
    """The one object of that kind and name."""
    (found,) = [o for o in OBJECTS if (o["kind"], o["metadata"]["name"]) == (kind, name)]
    return found


def pod(name: str) -> dict[str, Any]:
    """The pods of a deployment."""
    found: dict[str, Any] = named("Deployment", name)["spec"]["template"]["spec"]
    return found


def containers(name: str) -> list[dict[str, Any]]:
    """All of a pod, those that run before it too."""
    return [*pod(name)["containers"], *pod(name).get("initContainers", [])]


@pytest.mark.parametrize(
    "document", OBJECTS, ids=[f"{each['kind']}-{each['metadata']['name']}" for each in OBJECTS]
)
@pytest.mark.parametrize("version", ["1.30", "1.37"])
def test_kubernetes_takes_the_manifest(document: dict[str, Any], version: str) -> None:
    """By the schemas of the oldest and the newest version that we speak of."""
    try:
        import kubernetes_validate
    except ImportError:
        missing("no schemas here; pip install -r tests/deploy/requirements.txt brings them")
    kubernetes_validate.validate(document, version, strict=True)


def test_every_file_is_part_of_the_base() -> None:
    """None is forgotten, and none is named that is not there."""
    assert sorted(KUSTOMIZATION["resources"]) == [file.name for file in FILES]
    images = {each["image"] for name in ("web", "worker") for each in containers(name)}
    assert {each["name"] for each in KUSTOMIZATION["images"]} == images


@pytest.mark.parametrize("name", ["web", "worker"])
def test_whoever_selects_pods_selects_these(name: str) -> None:
    """The deployment, its budget, its policy, and the service."""
    labels = named("Deployment", name)["spec"]["template"]["metadata"]["labels"]
    selectors = [
        named("Deployment", name)["spec"]["selector"]["matchLabels"],
        named("PodDisruptionBudget", name)["spec"]["selector"]["matchLabels"],
        named("NetworkPolicy", name)["spec"]["podSelector"]["matchLabels"],
        pod(name)["topologySpreadConstraints"][0]["labelSelector"]["matchLabels"],
    ]
    if name == "web":
        selectors.append(named("Service", name)["spec"]["selector"])
    assert selectors == [labels] * len(selectors)


@pytest.mark.parametrize("name", ["web", "worker"])
def test_every_setting_is_one_and_no_secret_is_in_the_environment(name: str) -> None:
    """Each secret is a file in what is mounted."""
    known = set(NAMES.values())
    assert named("ConfigMap", "settings")["data"].keys() <= known
    for container in containers(name):
        for each in container["env"]:
            assert each["name"].removesuffix("_FILE") in known
            assert each["name"].endswith("_FILE") == each["value"].startswith("/secrets/")
        mounts = {each["name"] for each in container["volumeMounts"]}
        assert mounts == {each["name"] for each in pod(name)["volumes"]}
        assert container["securityContext"]["readOnlyRootFilesystem"] is True


def test_the_spool_is_full_before_its_volume_is() -> None:
    """A pod whose volume is over its limit is evicted, with all that is in it."""
    (web,) = pod("web")["containers"]
    environment = {each["name"]: each["value"] for each in web["env"]}
    (data,) = [each for each in pod("web")["volumes"] if each["name"] == "data"]
    limit = parse_size(data["emptyDir"]["sizeLimit"].replace("Gi", "GiB"))
    assert parse_size(environment["COMETHOOKS_SPOOL_MAX_BYTES"]) < 0.9 * limit
    (mount,) = [each for each in web["volumeMounts"] if each["name"] == "data"]
    assert environment["COMETHOOKS_SPOOL_DIR"].startswith(mount["mountPath"] + "/")


def test_a_web_pod_empties_its_spool_before_it_goes(tmp_path: Path) -> None:
    """Once nobody sends it anything more, again and again until it holds nothing; and it has the
    time for that.
    """
    (web,) = pod("web")["containers"]
    program, flag, code = web["lifecycle"]["preStop"]["exec"]["command"]
    assert (program, flag) == ("python3", "-c")
    calls = tmp_path / "calls"
    command = tmp_path / "comethooks"
    command.write_text(f'#!/bin/sh\necho "$@" >> {calls}\n[ $(wc -l < {calls}) -ge 3 ]\n')
    command.chmod(0o755)
    at_once = f"import time; time.sleep = lambda seconds: print(seconds)\n{code}"
    done = subprocess.run(
        [sys.executable, "-c", at_once],
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["8", "1", "1"]
    assert calls.read_text().splitlines() == ["spool drain"] * 3
    assert pod("web")["terminationGracePeriodSeconds"] >= 8 + 80 + 10 + 10
    guide = " ".join((FOLDER.parents[1] / "docs/operations.md").read_text().split())
    assert "on serving for 8 seconds" in guide
    assert "trying for 80 seconds" in guide
    assert "time.monotonic() + 80" in code


def test_a_worker_has_the_time_that_it_may_take_to_stop() -> None:
    """As long as a handler may take, and what comes on top."""
    needed = Settings.load({}).handler_timeout + STOP_MARGIN_SECONDS
    assert pod("worker")["terminationGracePeriodSeconds"] == needed
