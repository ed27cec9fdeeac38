import csv
import dataclasses
from pathlib import Path

import pytest
from rich.console import Console

from reproduce.bench import optimizer_steps
from reproduce.bench.optimizer_steps import bench_optimizers, state_bytes
from reproduce.study.protocol import load_protocol
from reproduce.tasks.optimizers import KERAS


def test_costs_are_paired_shown_and_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setattr(optimizer_steps, "_MODEL", dataclasses.replace(optimizer_steps._MODEL, width=2))
    monkeypatch.setattr(optimizer_steps, "_IMAGE_SHAPE", (8, 8, 3))
    monkeypatch.setattr(optimizer_steps, "_BATCH", 4)
    costs = bench_optimizers(["Opt10", "Muon"], 3, tmp_path, Console(width=80))
    assert [cost.optimizer for cost in costs] == ["Opt10", "Muon"]
    for cost in costs:
        assert cost.pairs == 3
        assert 0 < cost.ratio_low <= cost.ratio <= cost.ratio_high
    with (tmp_path / "bench" / "optimizers.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["optimizer"] for row in rows] == ["Opt10", "Muon"]
    assert rows[0]["batch"] == "4"
    shown = capsys.readouterr().out
    assert "optimizers.csv" in shown
    assert "…" not in shown
    assert "Opt10 " in shown


def test_every_optimizer_of_the_main_study_is_timed_that_keras_can_run() -> None:
    named = load_protocol("smoke", "main").optimizers
    assert set(optimizer_steps._DEFAULT) == {*named.catalog, *named.keras, *(set(named.optax) & set(KERAS))}


def test_state_is_counted_without_counter_and_rate() -> None:
    import keras
    import numpy as np

    weight = keras.Variable(np.zeros((3, 5), np.float32))
    adam = keras.optimizers.Adam(0.1)
    adam.build([weight])
    assert state_bytes(adam) == 2 * 15 * 4
    sgd = keras.optimizers.SGD(0.1)
    sgd.build([weight])
    assert state_bytes(sgd) == 0
