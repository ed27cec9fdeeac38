"""Pretraining in a study: trained once, before the runs that start from it, and its row kept beside the ledger."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from rich.console import Console

from reproduce.errors import LedgerError, ProtocolError
from reproduce.executors.executor import Executor
from reproduce.report.collection import read_study
from reproduce.study.experiment import Experiment, run_study
from reproduce.study.pretraining import keep_pretraining, pretraining_of, pretrainings_of, read_pretraining
from reproduce.study.progress import StudyProgress
from reproduce.study.protocol import OptimizerSettings, SeedSettings, StudyProtocol, load_protocol
from reproduce.study.work import Machine
from reproduce.tasks.pretraining import Pretraining, PretrainingRow
from reproduce.tasks.rates import RateGrid
from reproduce.training.settings import PretrainingSettings
from tests.settings import DIGITS, MODEL, TRAINING
from tests.study.cases import PRETRAINING_ROW, TASK, TINY

SMALL = replace(DIGITS, image_size=8, train_per_class=12, test_per_class=4)
SETTINGS = PretrainingSettings(replace(SMALL, source="digits100"), replace(TRAINING, batch_size=64), "Adam", 0.1, 7)
TUNED = replace(
    TASK,
    data=SMALL,
    model=replace(MODEL, start="pretrained"),
    training=replace(TRAINING, batch_size=16, epochs=1),
    pretraining=SETTINGS,
)
STUDY: StudyProtocol = replace(
    TINY,
    tasks=(TUNED, replace(TUNED, name="again", training=replace(TUNED.training, batch_size=32))),
    rates=RateGrid(grid=(0.01, 0.1), most_extra_rates=0),
    seeds=SeedSettings(tune=(0,), final=(1,)),
    optimizers=OptimizerSettings(catalog=(), keras=("SGD",), reference="SGD"),
)


@dataclass(frozen=True, eq=False)
class InventedPretraining:
    """A pretraining that does not train."""

    row: PretrainingRow
    cache_dir: Path = Path("cache")

    def __call__(self) -> PretrainingRow:
        return self.row


def kept(folder: Path, *rows: PretrainingRow) -> list[str]:
    said: list[str] = []
    with Executor() as executor:
        keep_pretraining(folder, [InventedPretraining(row) for row in rows], executor, said.append, {})
    return said


def test_a_row_is_kept_once_and_read_again(tmp_path: Path) -> None:
    assert read_pretraining(tmp_path) == ()
    other = replace(PRETRAINING_ROW, made="digits 5678", sha256="2" * 64)
    said = kept(tmp_path, PRETRAINING_ROW, other)
    assert said[0] == (
        "Runs start from 'digits100 12ab34cd': Adam, 28 steps, 30.0 % of validation, 2 s on a processor, engine."
    )
    before = (tmp_path / "pretraining.jsonl").read_bytes()
    kept(tmp_path, replace(PRETRAINING_ROW, seconds=9.0))
    assert (tmp_path / "pretraining.jsonl").read_bytes() == before
    assert read_pretraining(tmp_path) == (PRETRAINING_ROW, other)


def test_weights_that_became_other_ones_under_their_name_are_refused(tmp_path: Path) -> None:
    kept(tmp_path, PRETRAINING_ROW)
    with pytest.raises(LedgerError, match=r"'digits100 12ab34cd' had SHA-256 0{16} when runs .* have 3{16} now; bring"):
        kept(tmp_path, replace(PRETRAINING_ROW, sha256="3" * 64))
    assert read_pretraining(tmp_path) == (PRETRAINING_ROW,)


def test_tasks_share_a_pretraining_and_those_that_start_otherwise_have_none(tmp_path: Path) -> None:
    assert pretraining_of(TASK, None, tmp_path) is None
    (shared,) = pretrainings_of(STUDY, None, tmp_path)
    assert shared == Pretraining(SETTINGS, TUNED.model, "engine", None, tmp_path)
    assert str(shared) == "the pretraining of surrogate on digits100"
    assert pretraining_of(replace(TUNED, runner="keras"), None, tmp_path) == replace(shared, trainer="keras")
    augmented = replace(SETTINGS, training=replace(SETTINGS.training, augmentations=("mixup",)))
    with pytest.raises(ProtocolError, match=r"task digits, pretraining: the engine has no training\.augmentations"):
        pretraining_of(replace(TUNED, runner="engine", pretraining=augmented), None, tmp_path)


def test_one_trains_and_the_others_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at_once, most = [0], [0]

    def slow(*_: object) -> Path:
        at_once[0] += 1
        most[0] = max(most[0], at_once[0])
        time.sleep(0.05)
        at_once[0] -= 1
        return tmp_path

    monkeypatch.setattr("reproduce.tasks.pretraining.pretrained_weights", slow)
    pretraining = Pretraining(SETTINGS, TUNED.model, "engine", None, tmp_path)
    wait: Callable[[], Path] = pretraining.weights
    threads = [threading.Thread(target=wait) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1]


def test_a_study_trains_its_weights_first_and_starts_every_run_from_them(tmp_path: Path) -> None:
    experiment = Experiment(STUDY, STUDY.optimizers.entrants, tmp_path / "study", None, tmp_path / "cache")
    with Executor() as executor:
        rows = run_study(experiment, Machine(8), executor, StudyProgress(Console(record=True)))
    assert len(rows) == 6
    (row,) = read_study(experiment.folder).pretraining
    assert {each.weights for each in rows} == {row.made}
    assert {each.backend for each in rows} == {row.backend} == {"engine"}
    (weights,) = (tmp_path / "cache" / "weights").glob("*.npz")
    weights.unlink()
    with Executor() as executor:
        assert run_study(experiment, Machine(8), executor, StudyProgress(Console(record=True))) == rows
    assert not weights.exists()  # Nothing is left to run, so nothing is trained.


def test_transfer_learning_of_profile_small_starts_from_another_data_set_of_one_size() -> None:
    protocol = load_protocol("small", "transfer_learning")
    assert [task.name for task in protocol.tasks] == ["flowers102", "caltech101", "cars196"]
    (pretraining,) = pretrainings_of(protocol, None, Path("cache"))
    assert pretraining.trainer == "engine"
    assert pretraining.settings.data.source == "tiny_imagenet"
    assert {task.data.image_size for task in protocol.tasks} == {pretraining.settings.data.image_size} == {32}
    entrants = protocol.optimizers.entrants
    assert {task.trainer(entrant) for task in protocol.tasks for entrant in entrants} == {"engine"}
