"""The environment's descriptions agree: pyproject.toml, the locks, environment.yml and the image."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT, GROUPS = PYPROJECT["project"], PYPROJECT["dependency-groups"]
LOCKED_EXTRAS = ("cpu", "reproduce", "search", "data", "cluster")
GPU_EXTRAS = ("cuda", "reproduce", "search", "data", "cluster")
LOCKS = ("cpu.txt", "gpu.txt", "dev.txt", "torch-cpu.txt")
PYTHONS = ("3.11", "3.12", "3.13")
CONFIGURATION = (
    "Makefile", "environment.yml", "pyproject.toml", "docker/Dockerfile", "docker/compose.yaml", ".ci/run",
    "docker/base.sh", "docker/gpu.sh", "docker/slim.sh", "requirements/install.sh", "requirements/python.sh",
    "requirements/nvidia_driver.sh", "requirements/torch-cpu.in", *(f"requirements/{name}" for name in LOCKS),
)  # fmt: skip


def parsed(lines: list[str]) -> set[Requirement]:
    return {Requirement(line) for line in lines}


def direct_requirements(chosen: tuple[str, ...] = LOCKED_EXTRAS) -> set[Requirement]:
    extras = PROJECT["optional-dependencies"]
    return parsed([*PROJECT["dependencies"], *(line for extra in chosen for line in extras[extra])])


def tools() -> set[Requirement]:
    return parsed([line for group in ("dev", "docs") for line in GROUPS[group]])


def lock_entries(name: str) -> Iterator[tuple[Requirement, list[str]]]:
    """Each requirement of a lock with its hashes."""
    text = (ROOT / "requirements" / name).read_text(encoding="utf-8").replace("\\\n", " ")
    for line in text.splitlines():
        if line and not line.lstrip().startswith("#"):
            requirement, *hashes = re.split(r"\s+--hash=", line.strip())
            yield Requirement(requirement), hashes


def pinned(name: str, python: str) -> dict[str, Version]:
    """The packages that a lock installs on 64-bit Linux under one Python version."""
    machine = {
        "python_version": python,
        "python_full_version": f"{python}.9",
        "sys_platform": "linux",
        "platform_system": "Linux",
        "platform_machine": "x86_64",
        "platform_python_implementation": "CPython",
        "implementation_name": "cpython",
    }
    versions: dict[str, Version] = {}
    for requirement, _ in lock_entries(name):
        if requirement.marker is None or requirement.marker.evaluate(machine):
            (specifier,) = requirement.specifier
            assert requirement.name not in versions
            versions[canonicalize_name(requirement.name)] = Version(specifier.version)
    return versions


def test_the_package_itself_needs_only_keras_and_numpy() -> None:
    assert parsed(PROJECT["dependencies"]) == parsed(["keras>=3.15", "numpy"])
    assert SpecifierSet(PROJECT["requires-python"]) == SpecifierSet(">=3.11")


def test_conda_environment_is_the_same_set() -> None:
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    assert environment["channels"] == ["conda-forge"]
    python, pip, listed = environment["dependencies"]
    assert pip == "pip"
    assert Version(python.removeprefix("python=")) in SpecifierSet(PROJECT["requires-python"])
    assert parsed(listed["pip"]) == direct_requirements() | tools()
    assert len(listed["pip"]) == len(direct_requirements() | tools())


def test_conda_environment_says_what_a_gpu_takes() -> None:
    """Its lines are one block a part, in the order of the parts; those of "cpu" are the ones to replace."""
    text = (ROOT / "environment.yml").read_text(encoding="utf-8")
    blocks = dict(re.findall(r"^ {6}# (\w+)\n((?: {6}- .+\n)+)", text, re.MULTILINE))
    listed = {name: parsed(re.findall(r"- (.+)", lines)) for name, lines in blocks.items()}
    extras = PROJECT["optional-dependencies"]
    assert listed["core"] == parsed(PROJECT["dependencies"])
    assert listed["cpu"] == parsed(extras["cpu"])
    assert len(listed["cpu"]) == 2
    assert f"({', '.join(extras['cuda'])})" in re.sub(r"\n# ", " ", text)
    assert "requirements/gpu.txt" in text


@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_package_has_one_version_and_hashes(name: str) -> None:
    entries = list(lock_entries(name))
    assert entries
    for requirement, hashes in entries:
        assert [specifier.operator for specifier in requirement.specifier] == ["=="], requirement
        assert hashes, requirement
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", digest) for digest in hashes), requirement


@pytest.mark.parametrize("requirement", sorted(direct_requirements() | tools(), key=str), ids=str)
def test_a_lock_holds_every_direct_dependency(requirement: Requirement) -> None:
    name = "dev.txt" if requirement in tools() else "cpu.txt"
    locked = [entry for entry, _ in lock_entries(name) if entry.name == requirement.name]
    assert locked
    for entry in locked:
        (specifier,) = entry.specifier
        assert specifier.version in requirement.specifier


@pytest.mark.parametrize("python", PYTHONS)
def test_lock_covers_python_version(python: str) -> None:
    machine = {"sys_platform": "linux", "platform_machine": "x86_64", "python_version": python}
    needed = {item.name for item in direct_requirements() if item.marker is None or item.marker.evaluate(machine)}
    assert needed <= pinned("cpu.txt", python).keys()
    assert {item.name for item in tools()} <= pinned("dev.txt", python).keys()


@pytest.mark.parametrize("name", ["cpu.txt", "gpu.txt"])
def test_what_runs_brings_no_tool_for_tests_or_lint(name: str) -> None:
    assert not pinned(name, "3.11").keys() & {"pytest", "hypothesis", "mypy", "ruff", "pip-audit", "mkdocs"}


@pytest.mark.parametrize("python", PYTHONS)
def test_locks_never_clash(python: str) -> None:
    cpu, dev, torch = (pinned(name, python) for name in ("cpu.txt", "dev.txt", "torch-cpu.txt"))
    assert torch["torch"].local == "cpu"
    for one, other in ((cpu, dev), (cpu, torch), (dev, torch)):
        shared = one.keys() & other.keys()
        assert {name: one[name] for name in shared} == {name: other[name] for name in shared}


def test_the_gpu_lock_holds_its_extras_and_agrees_with_the_other() -> None:
    gpu, cpu = pinned("gpu.txt", "3.11"), pinned("cpu.txt", "3.11")
    for requirement in direct_requirements(GPU_EXTRAS):
        assert gpu[canonicalize_name(requirement.name)] in requirement.specifier
    assert {"jax-cuda12-plugin", "nvidia-cudnn-cu12", "nvidia-nccl-cu12"} <= gpu.keys()
    shared = gpu.keys() & cpu.keys()
    assert {"jax", "keras", "numpy"} <= shared
    assert {name: gpu[name] for name in shared} == {name: cpu[name] for name in shared}


@pytest.mark.parametrize("path", CONFIGURATION)
def test_no_package_index_host_or_machine_path_is_named(path: str) -> None:
    text = (ROOT / path).read_text(encoding="utf-8")
    named = re.findall(
        r"https?://|\bfile:|index[-_]url|--index|--find-links /|trusted-host|/(?:home|root|tmp|opt|srv)/",
        text,
    )
    assert named == []


def test_the_wheel_brings_the_protocols() -> None:
    build = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]
    wheel = build["targets"]["wheel"]
    assert wheel["packages"] == ["paper_optimizers", "reproduce"]
    for source in wheel["force-include"]:
        assert (ROOT / source).exists()


def test_tensorflow_is_chosen_by_exactly_one_marker() -> None:
    markers = [Marker(str(Requirement(line).marker)) for line in PROJECT["optional-dependencies"]["cpu"]]
    for platform in ("linux", "darwin", "win32"):
        for processor in ("x86_64", "aarch64", "arm64", "AMD64"):
            machine = {"sys_platform": platform, "platform_machine": processor}
            assert sum(marker.evaluate(machine) for marker in markers) == 1
