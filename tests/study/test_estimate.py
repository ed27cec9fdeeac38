import dataclasses
import json
from pathlib import Path

import pytest
from rich.console import Console

from reproduce.cli import main
from reproduce.stored_settings import read_stored_settings
from reproduce.study.costs import Costs, StepCost, measured_costs, step_key
from reproduce.study.estimate import Span, estimate
from reproduce.study.estimate_table import show_estimates
from reproduce.study.experiment import Experiment, _write_protocol
from reproduce.study.protocol import Protocol
from reproduce.study.rows import Row
from tests.study.cases import ENTRANTS, TASK, TINY, TINY_TOML, all_rows, invented_row

STEPS = 12  # Two epochs of six batches of 128, of 809 training images.


def experiment(folder: Path) -> Experiment:
    return Experiment(TINY, ENTRANTS, folder / "tiny" / "main", None, folder / "cache")


def store(folder: Path, rows: list[Row]) -> Experiment:
    stored = experiment(folder)
    _write_protocol(stored, {})
    stored.ledger_path.write_text("".join(json.dumps(row.to_dict()) + "\n" for row in rows), encoding="utf-8")
    return stored


def on_engine(seconds: float, device: str = "a processor, 2 cores") -> list[Row]:
    return [invented_row(row.job, backend="engine", seconds=seconds, steps=100, device=device) for row in all_rows()]


def test_without_rows_only_runs_are_known(tmp_path: Path) -> None:
    (found,) = estimate(experiment(tmp_path), Costs({}, 0.0, 0))
    assert (found.runner, found.steps, found.runs) == ("engine", STEPS, Span(4 * (3 + 2), 4 * (3 + 2 + 2)))
    assert found.minutes(2) is None
    assert found.gpu_hours() is None
    assert found.num_bytes > 0


def test_what_is_left_costs_what_its_like_has_cost(tmp_path: Path) -> None:
    rows = on_engine(3.0)
    store(tmp_path, rows)
    costs = measured_costs([tmp_path, tmp_path / "none"])
    assert costs.num_rows == len(rows)
    cost = costs.steps[step_key(TASK, "engine")]
    assert (cost.seconds, cost.num_runs, cost.on_cpu) == (pytest.approx(0.03), len(rows), True)
    (found,) = estimate(experiment(tmp_path / "elsewhere"), costs)
    assert found.seconds == Span(pytest.approx(20 * STEPS * 0.03), pytest.approx(28 * STEPS * 0.03))
    assert found.minutes(2) == found.seconds.times(1 / 120)
    assert found.gpu_hours() == Span(0.0, 0.0)
    (done,) = estimate(experiment(tmp_path), costs)
    assert (done.runs, done.minutes(2)) == (Span(0, 0), Span(0.0, 0.0))


def test_a_gpu_is_shared_by_its_workers() -> None:
    cost = StepCost(0.5, {}, "an accelerator", 3)
    (found,) = estimate(experiment(Path("nowhere")), Costs({step_key(TASK, "engine"): cost}, 0.0, 3))
    assert found.minutes(4) == found.minutes(1) == found.seconds.times(1 / 60)
    assert found.gpu_hours() == found.seconds.times(1 / 3600)


def test_the_sentence_says_on_how_many_runs_it_rests() -> None:
    cost = StepCost(0.5, {}, "an accelerator", 3)
    found = estimate(experiment(Path("nowhere")), Costs({step_key(TASK, "engine"): cost}, 0.0, 3))
    console = Console(record=True, width=200)
    show_estimates([*found, *found], 1, console)
    assert "minutes with 1 worker, from the steps of 3 runs on an accelerator, measuring" in console.export_text()


def test_another_kind_of_step_is_another_cost() -> None:
    def changed(section: str, **values: object):
        return dataclasses.replace(TASK, **{section: dataclasses.replace(getattr(TASK, section), **values)})

    keys = {step_key(TASK, "engine"), step_key(TASK, "keras")}
    keys |= {step_key(changed("model", width=3), "engine"), step_key(changed("training", batch_size=64), "engine")}
    keys |= {step_key(changed("data", source="digits100"), "engine")}
    assert len(keys) == 5
    assert step_key(changed("training", epochs=9), "engine") in keys


def test_foreign_and_broken_folders_are_passed_over(tmp_path: Path) -> None:
    store(tmp_path, on_engine(1.0))
    for name, text in (("search", '{"kind": "sample"}\n'), ("broken", "nonsense\n")):
        folder = tmp_path / "tiny" / name
        folder.mkdir()
        (folder / "ledger.jsonl").write_text(text)
    assert measured_costs([tmp_path]).num_rows == len(all_rows())


def test_a_stored_protocol_comes_back_as_it_was(tmp_path: Path) -> None:
    stored = store(tmp_path, [])
    assert read_stored_settings(stored.folder / "protocol.json", Protocol) == TINY


def test_the_command_says_what_is_known_and_what_is_not(tmp_path: Path, capsys) -> None:
    profile = tmp_path / "main.toml"
    profile.write_text(
        TINY_TOML.replace('name = "digits"', 'name = "digits"\n[[tasks]]\nname = "far"\ndata.source = "cars196"')
    )
    assert main(["estimate", "--profile", str(profile), "--output", str(tmp_path / "output"), "--workers", "2"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "main digits engine 20-28 ? ?" in shown
    assert "No data at hand, so steps cannot be counted: main/far (engine). Give --data-dir DIR" in shown
    assert "No steps of this kind measured yet: main/digits (engine)." in shown
