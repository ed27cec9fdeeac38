import csv
import dataclasses
import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from reproduce.bench import optimizer_steps, step_contestants, step_parts
from reproduce.bench.asked import AskedProcess
from reproduce.bench.optimizer_steps import EVOLVED, StepBenchSettings, bench_optimizers
from reproduce.bench.step_contestants import measure
from reproduce.bench.step_parts import DOORS, NETWORKS, is_installed
from reproduce.errors import ReproduceError
from reproduce.report.speed import DOOR_COSTS, STEP_COSTS, read_door_costs, read_optimizer_costs
from reproduce.study.protocol import load_protocol
from reproduce.tasks.optimizers import KERAS

SMALL = {
    "convolutional": dataclasses.replace(NETWORKS["convolutional"], batch=2, width=2, size=8),
    "dense": dataclasses.replace(NETWORKS["dense"], batch=2, width=4, size=2),
    "embedding": dataclasses.replace(NETWORKS["embedding"], batch=2, width=3, size=50, length=4),
}
#: Weights of these: kernels, biases, what normalises, the last layer.
WEIGHTS = {
    "convolutional": (27 * 2 + 18 * 4 + 36 * 8) + 3 * (2 + 4 + 8) + 8 * 10 + 10,
    "dense": 2 * (16 + 4),
    "embedding": 150 + 3 + 1,
}


class Answering:
    """In the place of a process: what it answers is counted, so that times are known."""

    asked: list[dict[str, Any]]

    def __init__(self, name: str) -> None:
        self.name, self.asked = name, []

    def __enter__(self) -> "Answering":
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(question)
        if question["optimizer"] == "A5":
            return {"raised": "no such thing"}
        own = [2.0, 4.0, 3.0] if question["optimizer"] == "Opt1" else [1.0, 1.0, 1.0]
        seconds = {"own": own, "Adam": [2.0, 2.0, 2.0], "SGD": [1.0, 1.0, 1.0], "pass": [0.1, 0.1, 0.1]}
        return {"seconds": seconds, "state_bytes": {"own": 800, "Adam": 800}, "weights": 100, "device": "a processor"}


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch) -> list[Answering]:
    """The processes that were started."""
    started: list[Answering] = []

    def start(door: str) -> Answering:
        started.append(Answering(door))
        return started[-1]

    monkeypatch.setattr(optimizer_steps, "_process", start)
    monkeypatch.setattr(optimizer_steps, "is_installed", lambda door: door != "keras-jax")
    return started


def test_costs_are_paired_shown_and_written(tmp_path: Path, processes: list[Answering], capsys: Any) -> None:
    settings = StepBenchSettings(("keras-tensorflow", "keras-jax", "torch"), ("convolutional",), ("Opt1", "Opt2"), 3)
    costs = bench_optimizers(settings, tmp_path, Console(width=100))
    assert [process.name for process in processes] == ["keras-tensorflow", "torch"]
    assert processes[0].asked[0] == {"network": "convolutional", "optimizer": "Opt1", "rounds": 3}
    first = costs[0]
    assert (first.ratio_low, first.ratio, first.ratio_high) == (1.25, 1.5, 1.75)
    assert (first.passes, first.least_ratio) == (7.0, pytest.approx((1.0 + 4 * 0.1) / 2))
    assert read_door_costs(tmp_path / DOOR_COSTS) == tuple(costs)
    assert list(read_optimizer_costs(tmp_path / STEP_COSTS)) == ["Opt1", "Opt2"]
    shown = capsys.readouterr().out
    assert "doors.csv" in shown
    assert "…" not in shown
    assert "Not installed, and not measured: keras-jax" in shown
    assert list((tmp_path / "bench").glob("unfinished-*")) == []


def test_a_part_takes_the_place_of_what_was_measured_of_it_and_leaves_the_others(
    tmp_path: Path, processes: list[Answering]
) -> None:
    bench_optimizers(StepBenchSettings(("torch", "optax"), ("dense",), ("Opt1",), 3), tmp_path, Console())
    bench_optimizers(StepBenchSettings(("torch",), ("dense",), ("Opt1", "Opt2"), 3), tmp_path, Console())
    with (tmp_path / DOOR_COSTS).open() as file:
        rows = [(row["door"], row["optimizer"]) for row in csv.DictReader(file)]
    assert rows == [("torch", "Opt1"), ("optax", "Opt1"), ("torch", "Opt2")]
    assert not (tmp_path / STEP_COSTS).exists()


def test_an_interrupted_run_goes_on(tmp_path: Path, processes: list[Answering]) -> None:
    settings = StepBenchSettings(("torch",), ("dense",), ("Opt1", "A5"), 3)
    for _ in range(2):
        with pytest.raises(ReproduceError, match="torch, dense, A5: no such thing"):
            bench_optimizers(settings, tmp_path, Console())
    assert [[asked["optimizer"] for asked in process.asked] for process in processes] == [["Opt1", "A5"], ["A5"]]


def test_without_libraries_there_is_nothing_to_measure(tmp_path: Path, processes: list[Answering]) -> None:
    with pytest.raises(ReproduceError, match="the libraries of keras-jax are not installed"):
        bench_optimizers(StepBenchSettings(("keras-jax",)), tmp_path, Console())


def test_every_part_is_measured_and_every_optimizer_of_the_main_study_that_keras_can_run() -> None:
    named = load_protocol("smoke", "main").optimizers
    everything = list(StepBenchSettings(peers=("a.B",)).measurements())
    shown = {name for *part, name in everything if tuple(part) == step_parts.COMMON}
    assert shown == {*named.catalog, *named.keras, *(set(named.optax) & set(KERAS))}
    for door in DOORS:
        for network in NETWORKS:
            assert {name for *part, name in everything if part == [door, network]} >= set(EVOLVED)
    assert [part[0] for *part, name in everything if name == "a.B"] == ["torch"] * 3


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("door", ["torch", "optax"])
def test_steps_are_timed_and_state_is_counted(door: str, network: str) -> None:
    if not is_installed(door):
        pytest.skip(f"{door} is not installed")
    measured = measure(door, SMALL[network], "Opt1", 2)
    assert measured["weights"] == WEIGHTS[network]
    assert measured["state_bytes"] == {"own": 8 * WEIGHTS[network], "Adam": 8 * WEIGHTS[network]}
    assert {name: len(seconds) for name, seconds in measured["seconds"].items()} == dict.fromkeys(
        ("own", "Adam", "SGD", "pass"), 2
    )
    assert all(seconds > 0 for seconds in measured["seconds"]["own"])


def test_keras_steps_are_timed_in_the_process_that_has_the_back_end(monkeypatch: pytest.MonkeyPatch) -> None:
    for network in SMALL:
        measured = measure("keras-tensorflow", SMALL[network], "Opt10", 2)
        assert measured["weights"] == WEIGHTS[network]
        assert measured["state_bytes"] == {"own": 4 * WEIGHTS[network], "Adam": 8 * WEIGHTS[network]}


def test_a_peer_is_a_class_of_another_package() -> None:
    pytest.importorskip("torch")
    measured = measure("torch", SMALL["dense"], "torch.optim.Adagrad", 1)
    assert measured["state_bytes"]["own"] == 4 * WEIGHTS["dense"]
    with pytest.raises(ReproduceError, match=r"--peers names nowhere\.Thing, which cannot be imported"):
        measure("torch", SMALL["dense"], "nowhere.Thing", 1)


def test_none_always_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[str] = []

    class Steps:
        @staticmethod
        def make_step(network: Any, name: str) -> Any:
            return (lambda: called.append(name)), (lambda: 0), 1

    monkeypatch.setattr(step_contestants, "_module", lambda door: (Steps, "a processor"))
    monkeypatch.setattr(step_contestants, "_copy", lambda weights: lambda: called.append("pass"))
    measure("torch", SMALL["dense"], "Opt1", 1)
    rounds = np.reshape(called, (-1, 4))
    assert rounds[:, 0].tolist() == ["Opt1", "Adam", "SGD", "pass"]


def test_a_process_answers_in_lines_and_says_what_it_raised() -> None:
    code = "from reproduce.bench.asked import answer_lines; answer_lines(lambda asked: {'twice': 2 * asked['x']})"
    with AskedProcess("doubling", [sys.executable, "-c", code], os.environ) as process:
        assert process.ask({"x": 4}) == {"twice": 8}
        assert "KeyError" in process.ask({"y": 4})["raised"]
    ending = [sys.executable, "-c", "import sys; sys.exit('out of paper')"]
    with (
        AskedProcess("ending", ending, os.environ) as process,
        pytest.raises(ReproduceError, match=r"the process of ending died \(exit status 1\); it said:\nout of paper"),
    ):
        process.ask(json.loads("{}"))
