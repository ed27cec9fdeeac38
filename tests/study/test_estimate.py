import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from reproduce.cli import main
from reproduce.data import Part
from reproduce.data.catalog import published_train_samples
from reproduce.data.perturbations import thin_out
from reproduce.data.settings import ImageSettings
from reproduce.estimates import Span, StepCost
from reproduce.report.tables.estimates import estimate_table, time_words
from reproduce.results_layout import STORED_RESULTS
from reproduce.stored_settings import read_stored_settings
from reproduce.study.costs import Costs, measured_costs, step_key
from reproduce.study.estimate import estimate
from reproduce.study.experiment import Experiment, _write_protocol
from reproduce.study.protocol import StudyProtocol
from reproduce.study.rows import Row
from tests.study.cases import ENTRANTS, TASK, TINY, TINY_TOML, all_rows, invented_row

NONE = Costs({}, 0.0, 0)
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
    (found,) = estimate(experiment(tmp_path), NONE)
    assert (found.runner, found.runs) == ("engine", Span(4 * (3 + 2), 4 * (3 + 2 + 2)))
    assert (found.steps, found.counted) == (found.runs.times(STEPS), "data")
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


def test_rows_of_this_very_processor_count_and_else_those_that_do_not_tell_its_kind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reproduce.study.costs.cpu_name", lambda: "CPU (family 1, model 2, AVX2), 2 cores")
    others = on_engine(9.0, "Other, 2 cores")
    for seconds, device in ((3.0, "CPU, 2 cores"), (5.0, "CPU (family 1, model 2, AVX2), 2 cores")):
        store(tmp_path / device, [*others, *on_engine(seconds, device)[:3]])
        assert measured_costs([tmp_path / device]).steps[step_key(TASK, "engine")].device == device


def test_a_gpu_is_shared_by_its_workers() -> None:
    cost = StepCost(0.5, {}, "an accelerator", 3)
    (found,) = estimate(experiment(Path("nowhere")), Costs({step_key(TASK, "engine"): cost}, 0.0, 3))
    assert found.minutes(4) == found.minutes(1) == found.seconds.times(1 / 60)
    assert found.gpu_hours() == found.seconds.times(1 / 3600)


def test_the_sentence_says_on_how_many_runs_it_rests() -> None:
    cost = StepCost(0.5, {}, "an accelerator", 3)
    found = estimate(experiment(Path("nowhere")), Costs({step_key(TASK, "engine"): cost}, 0.0, 3))
    caption = estimate_table([*found, *found], 1).caption
    assert "minutes with 1 worker, from the steps of 3 runs on an accelerator, measuring" in caption


def test_before_work_starts_one_sentence_says_how_long_it_takes(tmp_path: Path) -> None:
    cost = StepCost(30.0, {}, "a processor, 2 cores", 7)
    (known,) = estimate(experiment(tmp_path), Costs({step_key(TASK, "engine"): cost}, 0.0, 7))
    low, high = (runs * STEPS * 30.0 / 60 / 2 for runs in (20, 28))
    assert time_words([known], 2) == f"It takes about {low:.1f}-{high:.1f} minutes, by steps measured on {cost.device}."
    (unknown,) = estimate(experiment(tmp_path), NONE)
    assert time_words([known, unknown], 2).startswith("No steps of this kind were measured yet")
    assert time_words([dataclasses.replace(unknown, runs=Span(0, 0))], 2) == ""
    assert time_words([known, dataclasses.replace(known, counted="published")], 2) == ""  # Its data are not at hand.


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
    assert read_stored_settings(stored.folder / "protocol.json", StudyProtocol) == TINY


def test_the_command_says_what_is_known_and_what_is_not(tmp_path: Path, capsys) -> None:
    profile = tmp_path / "main.toml"
    profile.write_text(
        TINY_TOML.replace("test_fraction = 0.4\n", "").replace(
            'name = "digits"',
            'name = "digits"\ndata.test_fraction = 0.4\n[[tasks]]\nname = "far"\ndata.source = "cars196"',
        )
    )
    assert main(["estimate", "--profile", str(profile), "--output", str(tmp_path / "output"), "--workers", "2"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "main digits engine 20-28 240-336 ? ?" in shown
    assert "Steps by the published number of images, without the data: main/far (engine)." in shown
    assert "No steps of this kind measured yet, so no times: main/digits (engine), main/far (engine). Begin" in shown


def test_a_long_estimate_breaks_neither_numbers_nor_names_at_80_columns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["estimate", "--profile", "gpu", "--study", "all", "--output", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    (main_line,) = (line for line in lines if line.startswith("main ") and "cifar10" in line)
    assert main_line.split() == ["main", "cifar10", "engine", "1006-1246", "16.1-19.9", "M", "?", "?", "1.6"]
    assert any(
        line.startswith("architectures vision-transformer keras ") for line in map(" ".join, map(str.split, lines))
    )
    assert "Steps: k are thousands, M are millions." in lines
    assert max(map(len, lines)) <= 80


def test_a_folder_of_data_that_is_not_there_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["estimate", "--data-dir", str(tmp_path / "nowhere"), "--output", str(tmp_path)]) == 2
    assert f"no folder {tmp_path / 'nowhere'} to look for data sets in" in capsys.readouterr().err


def test_a_data_set_of_one_s_own_that_is_not_at_hand_cannot_be_counted(tmp_path: Path) -> None:
    own = dataclasses.replace(TASK, data=ImageSettings(source="folder", validation_fraction=0.25))
    (found,) = estimate(
        dataclasses.replace(experiment(tmp_path), protocol=dataclasses.replace(TINY, tasks=(own,))), NONE
    )
    assert found.steps is None
    caption = estimate_table([found], 1).caption
    assert "No data at hand, so steps cannot be counted: main/digits (engine). Give" in caption


def test_the_study_transfer_was_trained_on_a_part_of_the_published_images() -> None:
    path = STORED_RESULTS / "small" / "transfer" / "protocol.json"
    (task,) = read_stored_settings(path, StudyProtocol).tasks
    assert published_train_samples(task.data) == 5 * json.loads(path.read_text())["data"]["tiny_imagenet"]["train"]


@pytest.mark.parametrize("study", ["main", "label_noise", "decays", "schedules"])
def test_published_numbers_of_images_are_those_that_kept_rows_were_trained_on(study: str) -> None:
    path = STORED_RESULTS / "small" / study / "protocol.json"
    trained_on = json.loads(path.read_text())["data"]
    tasks = read_stored_settings(path, StudyProtocol).tasks
    counted = {task.name: published_train_samples(task.data) for task in tasks}
    assert counted == {name: data["train"] for name, data in trained_on.items()}


def test_a_long_tail_and_uneven_classes_are_counted() -> None:
    cifar = ImageSettings(source="cifar10", train_per_class=60, validation_fraction=0.25, imbalance=9.0)
    labels = np.repeat(np.arange(10, dtype=np.int32), 45)
    part = Part(np.arange(450, dtype=np.uint16).view(np.uint8).reshape(450, 1, 2, 1), labels)
    assert published_train_samples(cifar) == len(thin_out(part, tuple("0123456789"), 9.0))
    all_of = {"cifar10": 37_500, "cifar100": 37_500, "tiny_imagenet": 75_000, "flowers102": 1_530, "caltech101": 2_244}
    for source, number in all_of.items():
        settings = dataclasses.replace(cifar, source=source, train_per_class=None, imbalance=1.0)
        assert published_train_samples(settings) == number
    cars = published_train_samples(dataclasses.replace(cifar, source="cars196", train_per_class=None, imbalance=1.0))
    assert cars == pytest.approx(0.75 * 8_144, rel=0.02)
    without = dataclasses.replace(cifar, imbalance=1.0, leave_out=("a", "b"))
    assert published_train_samples(without) == 8 * 45
    assert published_train_samples(TASK.data) is None
