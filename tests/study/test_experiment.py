"""Rows and checkpoints on their way from workers to the ledger."""

import json
import warnings
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path

import pytest
from rich.console import Console

from paper_optimizers import get
from reproduce.data import load_dataset
from reproduce.errors import DataError, LedgerError, ReproduceWarning
from reproduce.executors.executor import Executor
from reproduce.executors.processes import ProcessWorkers
from reproduce.ledger import read_environments
from reproduce.study import experiment as module
from reproduce.study.experiment import Experiment, run_study
from reproduce.study.ledgers import read_rows
from reproduce.study.progress import StudyProgress
from reproduce.study.rows import ENGINE, Job, Row, row_from_dict
from reproduce.study.work import Machine, StudyWork, checkpoint_path
from reproduce.tasks.optimizers import roster
from tests.settings import DIGITS, model_of
from tests.study.cases import ENTRANTS, TINY, InventedWork, all_rows, dataset


@dataclass(frozen=True)
class OddWork(InventedWork):
    """A work whose runs leave a checkpoint and warn, and of which one optimizer's start from other weights."""

    odd: str = ""

    def run(self, job: Job) -> Row:
        path = checkpoint_path(self.folder, job)
        path.parent.mkdir(exist_ok=True)
        path.write_text("state")
        warnings.warn("weights cannot be fetched", ReproduceWarning, stacklevel=2)
        warnings.warn("something else", UserWarning, stacklevel=2)
        row = super().run(job)
        return replace(row, weights="imagenet") if job.optimizer == self.odd else row


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Experiment:
    monkeypatch.setattr(module, "load_dataset", lambda *_: dataset())
    monkeypatch.setattr(module, "require_batch", lambda *_: None)
    return Experiment(TINY, ENTRANTS, tmp_path, None, tmp_path)


def run(experiment: Experiment, odd: str = "") -> tuple[list[Row], str]:
    console = Console(record=True, width=200)
    progress = StudyProgress(console)
    with Executor(ProcessWorkers(2, experiment.folder / "workers.log"), progress.notify) as pool:
        rows = run_study(experiment, Machine(), pool, progress, OddWork(experiment.folder, odd=odd))
    return rows, console.export_text()


def test_devices_that_share_a_batch_are_recorded_and_other_settings_are_refused_before_data_are_read(
    tiny: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENBLAS_CORETYPE", raising=False)
    run(tiny)
    assert set(map(str, read_environments(tiny.ledger_path))) == {"{}"}
    before = tiny.ledger_path.read_bytes()
    monkeypatch.setattr(module, "load_dataset", lambda *_: pytest.fail("data were read"))
    with pytest.raises(LedgerError, match="line 1: --devices was not set then and is '2' now"):
        run_study(tiny, Machine(num_devices=2), Executor(), StudyProgress(Console(record=True)))
    monkeypatch.setenv("XLA_FLAGS", "--xla_cpu_enable_fast_math=true")
    with pytest.raises(
        LedgerError, match="line 1: XLA_FLAGS was not set then and is '--xla_cpu_enable_fast_math=true'"
    ):
        run(tiny)
    assert tiny.ledger_path.read_bytes() == before


def test_a_checkpoint_goes_once_its_row_is_kept_and_warnings_are_told_once(
    tiny: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    dropped = []
    drop = module._drop_checkpoint

    def watched(experiment: Experiment, job: Job) -> None:
        assert checkpoint_path(experiment.folder, job).exists()
        assert job in {row.job for row in read_rows(experiment.ledger_path)}
        dropped.append(job)
        drop(experiment, job)

    monkeypatch.setattr(module, "_drop_checkpoint", watched)
    rows, said = run(tiny)
    assert dropped == [row.job for row in rows]
    assert list((tiny.folder / "checkpoints").iterdir()) == []
    assert said.count("Note: weights cannot be fetched") == 1
    assert "something else" not in said
    assert "something else" in (tiny.folder / "workers.log").read_text()


def test_what_a_kill_left_between_row_and_checkpoint_is_cleared(tiny: Experiment) -> None:
    rows, _ = run(tiny)
    left = checkpoint_path(tiny.folder, rows[0].job)
    left.write_text("state")
    other = left.with_name("another run.npz")
    other.write_text("state")
    assert run(tiny)[0] == rows
    assert list(left.parent.iterdir()) == [other]


def test_data_that_cannot_be_used_leave_nothing_behind(tiny: Experiment, monkeypatch: pytest.MonkeyPatch) -> None:
    def damaged(*_: object) -> None:
        raise DataError("cannot read the image")

    monkeypatch.setattr(module, "load_dataset", damaged)
    with pytest.raises(DataError, match="cannot read the image"):
        run(tiny)
    assert list(tiny.folder.iterdir()) == []


def test_a_run_from_other_weights_is_not_added(tiny: Experiment) -> None:
    with pytest.raises(LedgerError, match=r"started from '(imagenet|scratch)', and .* from '(imagenet|scratch)'"):
        run(tiny, odd="SGD")
    kept = read_rows(tiny.ledger_path)
    assert len({row.weights for row in kept}) == 1
    assert len(kept) < len(all_rows())


def test_a_given_file_stands_for_imagenet_alone(tiny: Experiment, monkeypatch: pytest.MonkeyPatch) -> None:
    starts = []

    class Made:
        def __init__(self, model, *_, **__) -> None:
            starts.append((model.start, model.weights_file))
            raise InterruptedError

    monkeypatch.setattr("reproduce.tasks.keras.Fit", Made)
    job = Job("digits", "SGD", "tune", 0.1, 0)
    (task,) = TINY.tasks
    for start in ("scratch", "imagenet"):
        protocol = replace(
            TINY, tasks=(replace(task, model=model_of("efficientnetv2", width=24, depth=15, start=start)),)
        )
        checksum = module.load_dataset().checksum()
        monkeypatch.setattr("reproduce.study.work.load_dataset", lambda *_: dataset())
        given = (("digits", checksum),), tiny.folder, None, tiny.folder, Machine(), Path("own.h5")
        with pytest.raises(InterruptedError):
            StudyWork(protocol, ENTRANTS, *given).make()([job])
    assert starts == [("scratch", None), ("file", "own.h5")]


def test_rows_of_transformations_name_their_kind_fingerprint_and_optax(tiny: Experiment) -> None:
    entrants = roster(("Opt1",), (), ("Adan", "Nadam"))
    work = StudyWork(TINY, entrants, (("digits", load_dataset(DIGITS).checksum()),), tiny.folder, None, tiny.folder)
    jobs = [Job("digits", name, "final", 0.1, 1) for name in ("Opt1", "Adan", "Nadam")]
    assert len({work.group(job) for job in jobs}) == 3
    train = work.make()
    (spec,), (adan,) = train(jobs[:1]), train(jobs[1:2])
    assert (adan.kind, adan.fingerprint, adan.backend) == ("optax", entrants[1].fingerprint, ENGINE)
    assert adan.versions["optax"] == metadata.version("optax")
    assert "optax" not in spec.versions
    assert adan.test_accuracy is not None
    assert row_from_dict(json.loads(json.dumps(adan.to_dict()))) == adan


def test_a_spec_that_a_protocol_writes_out_trains_as_the_catalog_s_does(tiny: Experiment) -> None:
    text = get("Opt1").to_text()
    entrants = roster(("Opt1",), (), specs={"Found": text})
    work = StudyWork(TINY, entrants, (("digits", load_dataset(DIGITS).checksum()),), tiny.folder, None, tiny.folder)
    known, found = work.make()([Job("digits", name, "final", 0.1, 1) for name in ("Opt1", "Found")])
    assert (found.kind, found.optimizer, found.backend) == ("spec", "Found", ENGINE)
    assert (found.fingerprint, found.curve) == (known.fingerprint, known.curve)
    assert found.test_accuracy == known.test_accuracy is not None
    assert row_from_dict(json.loads(json.dumps(found.to_dict()))) == found
