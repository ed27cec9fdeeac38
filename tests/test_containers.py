"""The images and how they are started: docker/Dockerfile, docker/compose.yaml and the make targets for both."""

import argparse
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from reproduce.commands import add_commands
from tests.test_makefile import run_make

ROOT = Path(__file__).resolve().parents[1]
DOCKERFILE = (ROOT / "docker" / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
TARGETS = ("gpu", "cpu")


def stages() -> dict[str, tuple[str, list[str]]]:
    """Each stage of the Dockerfile by its name: what it is built from, and its instructions."""
    found: dict[str, tuple[str, list[str]]] = {}
    for line in DOCKERFILE.splitlines():
        if start := re.fullmatch(r"FROM (\S+) AS (\S+)", line):
            instructions: list[str] = []
            found[start[2]] = (start[1], instructions)
        elif found and line and not line.startswith("#"):
            instructions.append(" ".join(line.split()))
    return found


def services() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "docker" / "compose.yaml").read_text(encoding="utf-8"))["services"]


def mounts(service: dict[str, Any]) -> dict[str, str]:
    """Where each volume of a service lies in the container, with its mode."""
    parts = [re.fullmatch(r"\$\{\w+:-(.+)\}:(/[\w/]+)(?::(\w+))?", volume) for volume in service["volumes"]]
    return {part[2]: part[3] or "rw" for part in parts}


def test_both_images_have_one_base_that_a_digest_may_replace() -> None:
    assert re.search(r"^ARG BASE=debian:bookworm-slim$", DOCKERFILE, re.MULTILINE)
    assert {name: base for name, (base, _) in stages().items()} == {
        "system": "${BASE}",
        "gpu": "system",
        "cpu": "system",
    }
    assert list(stages())[-1] == "cpu"


def test_nothing_runs_as_root_once_the_system_is_installed() -> None:
    instructions = [line for _, lines in stages().values() for line in lines]
    assert [line for line in instructions if line.startswith("USER")] == ["USER researcher"]
    (install,) = instructions[: instructions.index("USER researcher")]
    assert install.startswith("RUN apt-get update && apt-get install ")
    assert all("--chown=researcher:researcher" in line for line in instructions if line.startswith("COPY"))


def test_no_secret_is_built_in() -> None:
    assert not re.search(r"(?i)--mount=type=secret|token|password|credential|netrc|pip\.conf", DOCKERFILE)
    assert re.findall(r"(?m)^ARG (\w+)", DOCKERFILE) == ["BASE"]


@pytest.mark.parametrize("target", TARGETS)
def test_an_image_is_the_locked_environment_then_the_code(target: str) -> None:
    _, instructions = stages()[target]
    assert instructions[:3] == [
        f"RUN make venv LOCK={target}",
        "COPY --chown=researcher:researcher . .",
        f"RUN .venv/bin/python -m compileall -q paper_optimizers reproduce && touch .venv/ready-{target}",
    ]
    assert instructions[-1] == f'CMD ["make", "reproduce-tables", "LOCK={target}"]'


@pytest.mark.parametrize("target", TARGETS)
def test_the_health_check_asks_for_devices(target: str) -> None:
    (check,) = [line for line in stages()[target][1] if line.startswith("HEALTHCHECK")]
    python, module, name, *arguments = yaml.safe_load(check[check.index("[") :])
    assert (python, module, name) == (".venv/bin/python", "-m", "reproduce")
    parser = argparse.ArgumentParser()
    add_commands(parser.add_subparsers(required=True))
    assert parser.parse_args([*arguments]).require == target


def test_the_context_leaves_out_what_is_large_or_made_again() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    assert {".git", ".venv", "data", "output", "**/__pycache__"} <= set(ignored)


@pytest.mark.parametrize("target", TARGETS)
def test_a_service_builds_its_target_and_is_not_root(target: str) -> None:
    service = services()[target]
    assert service["image"] == f"paper-optimizers:{target}"
    assert service["build"] == {"context": "..", "dockerfile": "docker/Dockerfile", "target": target}
    assert service["user"] == "${UID:-1000}:${GID:-1000}"


@pytest.mark.parametrize("target", TARGETS)
def test_a_service_reads_data_and_keeps_results_and_caches(target: str) -> None:
    service = services()[target]
    assert mounts(service) == {"/project/data": "ro", "/project/output": "rw"}
    assert Path(service["environment"]["HOME"]).is_relative_to("/project/output")


def test_one_service_reserves_gpus() -> None:
    assert "deploy" not in services()["cpu"]
    (device,) = services()["gpu"]["deploy"]["resources"]["reservations"]["devices"]
    assert device == {"driver": "nvidia", "count": "all", "capabilities": ["gpu"]}


def planned(*arguments: str) -> list[list[str]]:
    """The commands that make would run, as words, with the shell's substitutions done."""
    lines = [line for line in run_make("--dry-run", *arguments).stdout.splitlines() if line.startswith("engine ")]
    program = 'for word in "$@"; do printf "%s\\n" "$word"; done'
    return [
        subprocess.run(
            ["bash", "-c", f"show() {{ {program}; }}; show {line}"],
            capture_output=True,
            text=True,
            check=True,
            cwd=ROOT,
        ).stdout.splitlines()
        for line in lines
    ]


@pytest.mark.parametrize(("gpu", "target"), [("", "cpu"), ("1", "gpu")])
@pytest.mark.parametrize("goal", ["docker-build", "docker-test", "docker-reproduce-tables"])
def test_the_image_is_built_before_it_is_run(goal: str, gpu: str, target: str, tmp_path: Path) -> None:
    build, *runs = planned(goal, "DOCKER=engine", f"GPU={gpu}", f"OUTPUT={tmp_path}")
    image = f"paper-optimizers:{target}"
    assert build == ["engine", "build", "--file", "docker/Dockerfile", "--target", target, "--tag", image, "."]
    assert len(runs) == (0 if goal == "docker-build" else 1)
    for run in runs:
        assert run[:3] == ["engine", "run", "--rm"]
        assert ("--gpus" in run) == bool(gpu)
        assert run[run.index("--user") + 1] not in ("", "root")
        assert run[run.index(image) + 1 :][:2] == ["make", goal.removeprefix("docker-")]
        assert f"LOCK={target}" in run


def test_the_job_in_the_image_has_its_folders_and_settings(tmp_path: Path) -> None:
    data, output = tmp_path / "my data", tmp_path / "my output"
    for folder in (data, output):
        folder.mkdir()
    settings = ["PROFILE=small", "STUDY=main", f"DATA_DIR={data}", f"OUTPUT={output}"]
    _, run = planned("docker-reproduce-tables", "DOCKER=engine", *settings)
    folders = [run[place + 1] for place, word in enumerate(run) if word == "--volume"]
    assert folders == [f"{output}:/project/output", f"{data}:/project/data:ro"]
    assert run[-4:] == ["LOCK=cpu", "PROFILE=small", "STUDY=main", "DATA_DIR=data"]
