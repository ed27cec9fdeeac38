"""The images and how they are started: docker/Dockerfile, docker/compose.yaml and the make targets for both."""

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from reproduce.commands import add_commands
from tests.test_lifetime import COMMAND, await_worker
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


def test_every_image_has_one_base_that_a_digest_may_replace() -> None:
    assert re.search(r"^ARG BASE=debian:bookworm-slim$", DOCKERFILE, re.MULTILINE)
    assert {name: base for name, (base, _) in stages().items()} == {
        "system": "${BASE}",
        **{f"{target}-environment": "system" for target in TARGETS},
        **{f"{target}-test": f"{target}-environment" for target in TARGETS},
        **{target: f"{target}-environment" for target in TARGETS},
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


def copied(target: str) -> list[str]:
    """The files that a stage takes of the repository."""
    copies = [line.split() for line in stages()[target][1] if line.startswith("COPY")]
    return [source for copy in copies for source in copy[2:-1]]


@pytest.mark.parametrize("target", TARGETS)
def test_an_image_is_the_locked_environment_then_the_code_without_tools(target: str) -> None:
    _, (environment,) = stages()[f"{target}-environment"]
    assert re.match(rf"RUN (NVIDIA_DRIVER=unchecked )?requirements/install.sh {target} && docker/slim.sh$", environment)
    assert ("NVIDIA_DRIVER" in environment) == (target == "gpu")
    assert copied(target) == ["LICENSE", "artifact/", "paper_optimizers/", "reproduce/"]
    assert not [line for line in stages()[target][1] if "dev" in line.split()]
    tools, copy, *_ = stages()[f"{target}-test"][1]
    assert tools == f"RUN requirements/install.sh {target} dev"
    assert copy == "COPY --chown=researcher:researcher . ."


def test_what_no_run_reads_is_left_out_and_no_more(tmp_path: Path) -> None:
    (tmp_path / "docker").mkdir()
    shutil.copy(ROOT / "docker" / "slim.sh", tmp_path / "docker")
    packages = tmp_path / ".venv" / "lib" / "python3.11" / "site-packages"
    goes = ["tensorflow/include/a.h", "pandas/tests/a.py", "scipy/special/tests/data/a.npz", "sklearn/svm/tests/a.py"]
    stays = ["tensorflow/python/a.py", "pandas/testing.py", "scipy/special/a.py", "h5py/tests/a.py", "sklearn/a.py"]
    for name in (*goes, *stays, "numpy/a.py", "matplotlib/a.py", "pyarrow/a.py"):
        (packages / name).parent.mkdir(parents=True, exist_ok=True)
        (packages / name).touch()
    subprocess.run([str(tmp_path / "docker" / "slim.sh")], cwd="/", check=True)
    assert [name for name in goes if (packages / name).exists()] == []
    assert [name for name in stays if not (packages / name).exists()] == []


@pytest.mark.parametrize("target", TARGETS)
def test_the_first_process_is_the_one_that_works(target: str) -> None:
    """make would not pass Ctrl-C on, nor would a shell."""
    *_, entry, command = stages()[target][1]
    assert entry == 'ENTRYPOINT ["/project/.venv/bin/python", "-m", "reproduce"]'
    assert command == 'CMD ["tables"]'
    assert stages()[f"{target}-test"][1][-1] == 'ENTRYPOINT ["/project/.venv/bin/python", "-m", "pytest"]'


@pytest.mark.parametrize("target", TARGETS)
def test_the_health_check_asks_for_devices(target: str) -> None:
    (check,) = [line for line in stages()[target][1] if line.startswith("HEALTHCHECK")]
    python, module, name, *arguments = yaml.safe_load(check[check.index("[") :])
    assert (python, module, name) == ("/project/.venv/bin/python", "-m", "reproduce")
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
    assert service["shm_size"] == "2gb"


def test_commands_named_beside_the_services_are_the_program_s() -> None:
    text = (ROOT / "docker" / "compose.yaml").read_text(encoding="utf-8")
    commands = re.findall(r"^#   \.\.\. run --rm (?:cpu|gpu) (.+)$", text, re.MULTILINE)
    parser = argparse.ArgumentParser()
    add_commands(parser.add_subparsers(required=True))
    assert len(commands) == 2
    for command in commands:
        parser.parse_args(command.split())


@pytest.mark.parametrize("target", TARGETS)
def test_a_service_reads_data_and_keeps_results_and_caches(target: str) -> None:
    service = services()[target]
    assert mounts(service) == {"/project/data": "ro", "/project/output": "rw"}
    assert Path(service["environment"]["HOME"]).is_relative_to("/project/output")


def test_one_service_reserves_gpus() -> None:
    assert "deploy" not in services()["cpu"]
    (device,) = services()["gpu"]["deploy"]["resources"]["reservations"]["devices"]
    assert device == {"driver": "nvidia", "count": "all", "capabilities": ["gpu"]}


def planned(*arguments: str, engine: str = "engine") -> list[list[str]]:
    """The commands that make would run, as words, with the shell's substitutions done."""
    lines = run_make("--dry-run", *arguments, f"DOCKER={engine}").stdout.splitlines()
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
        if line.startswith(f"{engine} ")
    ]


def options(run: list[str], name: str) -> list[str]:
    return [run[place + 1] for place, word in enumerate(run) if word == name]


@pytest.mark.parametrize(("gpu", "kind"), [("", "cpu"), ("1", "gpu")])
@pytest.mark.parametrize(("goal", "suffix"), [("build", ""), ("test", "-test"), ("reproduce-tables", "")])
def test_the_image_is_built_before_it_is_run(goal: str, suffix: str, gpu: str, kind: str, tmp_path: Path) -> None:
    build, *runs = planned(f"docker-{goal}", f"GPU={gpu}", f"OUTPUT={tmp_path}")
    image = f"paper-optimizers:{kind}{suffix}"
    assert build[:4] == ["engine", "build", "--file", "docker/Dockerfile"]
    assert options(build, "--build-arg") == ["BASE=debian:bookworm-slim"]
    assert build[-5:] == ["--target", f"{kind}{suffix}", "--tag", image, "."]
    assert len(runs) == (0 if goal == "build" else 1)
    for run in runs:
        assert run[:3] == ["engine", "run", "--rm"]
        assert "--shm-size=2g" in run
        assert options(run, "--gpus") == (["all"] if gpu else [])
        assert options(run, "--user") == [f"{os.getuid()}:{os.getgid()}"]
        assert "--userns=keep-id" not in run
        assert run[run.index(image) + 1] == ("-n" if goal == "test" else "tables")


def test_the_job_in_the_image_has_its_folders_and_settings(tmp_path: Path) -> None:
    data, output = tmp_path / "my data", tmp_path / "my output"
    for folder in (data, output):
        folder.mkdir()
    settings = ["PROFILE=small", "STUDY=main", f"DATA_DIR={data}", f"OUTPUT={output}"]
    _, run = planned("docker-reproduce-tables", *settings)
    assert options(run, "--volume") == [f"{output}:/project/output", f"{data}:/project/data:ro"]
    words = run[run.index("paper-optimizers:cpu") + 1 :]
    assert words == ["tables", "--profile", "small", "--study", "main", "--data-dir", "data"]
    parser = argparse.ArgumentParser()
    add_commands(parser.add_subparsers(required=True))
    assert parser.parse_args(words).output == Path("output")


def program(folder: Path, name: str, script: str) -> str:
    path = folder / name
    path.write_text(f"#!/usr/bin/env bash\n{script}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(("uid", "keeps"), [(0, False), (1000, True)])
def test_what_rootless_podman_writes_is_whose_it_is_started_by(
    uid: int, keeps: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    podman = program(tmp_path, "docker", "echo podman version 5.0.0")  # a link of that name is usual
    program(tmp_path, "id", f"echo {uid}")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    (tmp_path / "output").mkdir()
    _, run = planned("docker-reproduce-tables", "GPU=1", f"OUTPUT={tmp_path / 'output'}", engine=podman)
    assert ("--userns=keep-id" in run) == keeps
    assert options(run, "--user") == [f"{uid}:{uid}"]
    assert (options(run, "--device"), options(run, "--gpus")) == (["nvidia.com/gpu=all"], [])


DIGEST = f"debian@sha256:{'0' * 64}"


@pytest.mark.parametrize(
    ("image", "engine", "base", "said"),
    [
        ("debian:bookworm-slim", f"echo {DIGEST}", DIGEST, f"The same base again: BASE={DIGEST}"),
        ("debian:bookworm-slim", "exit 1", "debian:bookworm-slim", "note: no digest is to be had for debian:bookworm"),
        ("debian:bookworm-slim", 'echo "<no value>"', "debian:bookworm-slim", "note: no digest"),
        (DIGEST, "exit 1", DIGEST, ""),
    ],
)
def test_the_base_is_named_by_its_digest_where_one_is_to_be_had(
    image: str, engine: str, base: str, said: str, tmp_path: Path
) -> None:
    command = [str(ROOT / "docker" / "base.sh"), image, program(tmp_path, "engine", engine)]
    outcome = subprocess.run(command, capture_output=True, text=True, check=True)
    assert outcome.stdout == f"{base}\n"
    assert outcome.stderr.startswith(said)
    assert bool(outcome.stderr) == bool(said)


@pytest.mark.parametrize(
    ("driver", "engine", "toolkit", "status", "said"),
    [
        ("580.1", "exit 1", True, 0, ""),
        ("580.1", "echo Runtimes: nvidia runc", False, 0, ""),
        ("580.1", "echo Runtimes: runc", False, 1, "the NVIDIA container toolkit is not found here"),
        ("470.1", "exit 1", True, 1, "driver is 470.1 here, and the packages for GPUs need 525.60.13 or newer"),
        ("", "exit 1", True, 1, "no NVIDIA driver answers here"),
    ],
)
def test_what_a_gpu_needs_is_looked_for_before_its_image_is_made(
    driver: str, engine: str, toolkit: bool, status: int, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    called = tmp_path / "called"
    docker = program(tmp_path / "bin", "docker", f'[[ $1 != build ]] || touch "{called}"; {engine}')
    program(tmp_path / "bin", "nvidia-smi", f"echo {driver}" if driver else "exit 9")
    if toolkit:
        program(tmp_path / "bin", "nvidia-ctk", "true")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    plan = run_make("--dry-run", "docker-reproduce-tables", "GPU=1", f"DOCKER={docker}").stdout.splitlines()
    assert plan.index(f"docker/gpu.sh {docker}") < next(n for n, line in enumerate(plan) if " build " in line)
    outcome = subprocess.run(["bash", "-c", f"docker/gpu.sh {docker}"], cwd=ROOT, capture_output=True, text=True)
    assert outcome.returncode == status
    assert said in outcome.stderr
    if status:
        assert run_make("docker-reproduce-tables", "GPU=1", f"DOCKER={docker}").returncode != 0
        assert not called.exists()


#: Starts a program as the first process of process ids of its own, as containers do.
ALONE = ["unshare", *([] if os.geteuid() == 0 else ["--user", "--map-root-user"]), "--pid", "--fork", "--mount-proc"]


@pytest.fixture(scope="module")
def alone() -> list[str]:
    if shutil.which("unshare") is None or subprocess.run([*ALONE, "true"], capture_output=True).returncode:
        pytest.skip("process ids of its own cannot be given to a process here")
    return ALONE


def test_the_first_process_of_a_container_ends_when_it_is_told_to(alone: list[str], tmp_path: Path) -> None:
    """The kernel keeps signals from it that it has no handler for. No terminal sends them to the rest."""
    script = tmp_path / "command.py"
    script.write_text(COMMAND)
    ways = {signal.SIGINT: 130, signal.SIGTERM: 143}
    begun = {}
    for number in ways:
        (tmp_path / number.name).mkdir()
        begun[number] = subprocess.Popen(
            [*alone, sys.executable, script, tmp_path / number.name],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
    for number, process in begun.items():
        await_worker(tmp_path / number.name)
        (first,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        os.kill(int(first), number)
        said, _ = process.communicate(timeout=20)
        assert process.returncode == ways[number], said
        assert "Traceback" not in said
        assert "Every finished run is kept" in said
