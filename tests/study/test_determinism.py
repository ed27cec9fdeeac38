"""Deterministic mode: what workers are told, and that the same seeds give the same rows."""

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from reproduce.cli import main
from reproduce.executors.executor import Executor
from reproduce.executors.processes import ProcessWorkers
from reproduce.libraries import enter_determinism, known_environment
from reproduce.machine import backend_name
from reproduce.study.ledgers import read_rows
from reproduce.study.rows import Job, Row
from tests.study.cases import TINY_TOML, InventedWork, invented_row

NAMES = (
    "KERAS_BACKEND",
    "TF_DETERMINISTIC_OPS",
    "CUBLAS_WORKSPACE_CONFIG",
    "XLA_FLAGS",
    "TF_FORCE_GPU_ALLOW_GROWTH",
    "XLA_PYTHON_CLIENT_PREALLOCATE",
)
#: One optimizer that Keras alone has, one that the engine trains; both augment.
PROTOCOL = (
    TINY_TOML.replace('catalog = ["Opt1", "A1"]\nkeras = ["SGD", "Adam"]', 'catalog = ["Opt7"]\nkeras = ["Nadam"]')
    .replace('reference = "Adam"', 'reference = "Nadam"')
    .replace("grid = [0.01, 0.1, 1]\nmost_extra_rates = 2", "grid = [0.1, 1]\nmost_extra_rates = 0")
    .replace("final = [1, 2]", "final = [1]")
    .replace("augmentations = []", 'augmentations = ["crop", "flip", "cutout"]')
)


@dataclass(frozen=True)
class EnvironmentWork(InventedWork):
    """Its rows say what their process was started with."""

    def make(self) -> Callable[[Sequence[Job]], list[Row]]:
        return self.rows

    def rows(self, jobs: Sequence[Job]) -> list[Row]:
        found = {name: os.environ.get(name, "") for name in NAMES}
        return [replace(invented_row(job), versions=found) for job in jobs]


def test_libraries_are_told_through_the_environment() -> None:
    given = {"XLA_FLAGS": "--one", "OTHER": "2"}
    found = known_environment(given, threads=2, deterministic=True)
    told = {
        "XLA_FLAGS": "--one --xla_gpu_deterministic_ops=true",
        "TF_DETERMINISTIC_OPS": "1",
        "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
    }
    assert found == known_environment(given, threads=2) | told
    assert known_environment(found, threads=2) == known_environment(given, threads=2)
    assert known_environment({}, threads=2, deterministic=True)["XLA_FLAGS"] == "--xla_gpu_deterministic_ops=true"


@pytest.mark.parametrize("deterministic", [True, False])
def test_workers_start_in_that_environment(deterministic: bool, tmp_path: Path) -> None:
    before = dict(os.environ)
    jobs = [Job("digits", "Adam", "tune", 0.1, 0)]
    with Executor(ProcessWorkers(1, tmp_path / "log", deterministic=deterministic), print) as pool:
        _, row = next(pool.run(EnvironmentWork(tmp_path), lambda: jobs))
    assert ("--xla_gpu_deterministic_ops=true" in row.versions["XLA_FLAGS"]) == deterministic
    assert (row.versions["TF_DETERMINISTIC_OPS"] == "1") == deterministic
    assert "--xla_cpu_multi_thread_eigen=false" in row.versions["XLA_FLAGS"]
    assert row.versions["KERAS_BACKEND"] == backend_name()
    assert dict(os.environ) == before


def test_workers_share_a_gpu_unless_the_environment_says_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XLA_PYTHON_CLIENT_PREALLOCATE", raising=False)
    monkeypatch.setenv("TF_FORCE_GPU_ALLOW_GROWTH", "false")
    with Executor(ProcessWorkers(1, tmp_path / "log"), print) as pool:
        _, row = next(pool.run(EnvironmentWork(tmp_path), lambda: [Job("digits", "Adam", "tune", 0.1, 0)]))
    assert row.versions["XLA_PYTHON_CLIENT_PREALLOCATE"] == "false"
    assert row.versions["TF_FORCE_GPU_ALLOW_GROWTH"] == "false"


def test_pytorch_is_told_in_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    try:
        monkeypatch.setenv("KERAS_BACKEND", "jax")
        enter_determinism()
        assert not torch.are_deterministic_algorithms_enabled()
        monkeypatch.setenv("KERAS_BACKEND", "torch")
        enter_determinism()
        assert torch.are_deterministic_algorithms_enabled()
    finally:
        torch.use_deterministic_algorithms(False)


@pytest.mark.slow
def test_the_same_seeds_give_the_same_rows_bit_for_bit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reproduce.report.output.write_results", lambda *_: None)
    path = tmp_path / "main.toml"
    path.write_text(PROTOCOL)
    found = []
    for name, workers in (("first", "1"), ("second", "2")):
        arguments = ["--profile", str(path), "--output", str(tmp_path / name), "--workers", workers]
        assert main(["tables", *arguments, "--deterministic"]) == 0
        rows = read_rows(tmp_path / name / "tiny" / "main" / "ledger.jsonl")
        found.append(sorted(json.dumps({**row.to_dict(), "seconds": None}, sort_keys=True) for row in rows))
        assert all(row.deterministic for row in rows)
        assert {(row.optimizer, row.backend == "engine") for row in rows} == {("Opt7", True), ("Nadam", False)}
    assert len(found[0]) == 2 * 3
    assert found[0] == found[1]
