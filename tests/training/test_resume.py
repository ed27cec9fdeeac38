"""Runs that are cut off, and what they leave."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from reproduce.errors import ReproduceWarning
from reproduce.libraries import known_environment
from reproduce.outcomes import Training
from reproduce.tasks.optimizers import Entrant
from reproduce.training.checkpoint import Checkpoint, libraries, read_checkpoint, run_name, write_checkpoint
from tests.training.cases import invented, run, trainer, untimed

ROOT = Path(__file__).resolve().parents[2]
#: Decays, momentum and state in the optimizer; dropout, noise and augmentation beside it.
OPT9 = Entrant("Opt9", "catalog", None)
TRAINING = {"batch_size": 8, "epochs": 4, "steps_per_epoch": 2, "gradient_noise": 0.1, "augmentations": ("mixup",)}


class CutOffError(Exception):
    """Stands for whatever ends a process."""


def cut_off_after(epochs: int, monkeypatch: pytest.MonkeyPatch) -> None:
    left = [epochs]

    def write(path: Path, checkpoint: Checkpoint) -> None:
        write_checkpoint(path, checkpoint)
        left[0] -= 1
        if not left[0]:
            raise CutOffError

    monkeypatch.setattr("reproduce.training.fit.write_checkpoint", write)


def whole() -> Training:
    return untimed(run(trainer(invented(), OPT9, training=TRAINING), 0.05, 3, OPT9))


def test_a_run_that_was_cut_off_gives_what_it_would_have_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "run.npz"
    expected = whole()
    cut_off_after(2, monkeypatch)
    with pytest.raises(CutOffError):
        run(trainer(invented(), OPT9, training=TRAINING), 0.05, 3, OPT9, checkpoint=path)
    monkeypatch.undo()
    made = trainer(invented(), OPT9, training=TRAINING)
    epochs: list[int] = []
    original = made._epoch
    monkeypatch.setattr(made, "_epoch", lambda *arguments: epochs.append(1) or original(*arguments))
    resumed = run(made, 0.05, 3, OPT9, checkpoint=path)
    assert len(epochs) == 2
    assert untimed(resumed) == expected
    # Until its row is kept the run can be lost: then it is measured again, not trained.
    assert untimed(run(made, 0.05, 3, OPT9, checkpoint=path)) == expected
    assert len(epochs) == 2
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(("rate", "seed"), [(0.06, 3), (0.05, 4)])
def test_another_runs_state_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rate: float, seed: int
) -> None:
    path = tmp_path / "run.npz"
    made = trainer(invented(), OPT9, training={**TRAINING, "augmentations": ()})
    expected = untimed(run(made, rate, seed, OPT9))
    cut_off_after(1, monkeypatch)
    with pytest.raises(CutOffError):
        run(made, 0.05, 3, OPT9, checkpoint=path)
    monkeypatch.undo()
    assert untimed(run(made, rate, seed, OPT9, checkpoint=path)) == expected


def test_the_state_of_a_run_in_the_other_mode_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "run.npz"
    made = trainer(invented(), OPT9, training={**TRAINING, "augmentations": ()})
    run(made, 0.05, 3, OPT9, checkpoint=path)
    plain = path.read_bytes()
    for name, value in known_environment(deterministic=True).items():
        monkeypatch.setenv(name, value)
    run(made, 0.05, 3, OPT9, checkpoint=path)
    assert str(np.load(io.BytesIO(plain))["run"]) != str(np.load(path)["run"])
    monkeypatch.delenv("OPENBLAS_CORETYPE", raising=False)
    assert libraries().endswith(" deterministic")
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Zen")
    assert libraries().endswith(' deterministic{"OPENBLAS_CORETYPE": "Zen"}')


def test_a_checkpoint_is_read_back_and_damage_is_no_state(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "run.npz"
    assert read_checkpoint(path, "a") is None
    values = [np.arange(3, dtype=np.uint32), np.float32([[1, np.nan]]), np.array(2.5)]
    write_checkpoint(path, Checkpoint("a", np.ones((2, 4)), 1.5, values))
    found = read_checkpoint(path, "a")
    assert found is not None
    assert (found.seconds, found.curve.shape) == (1.5, (2, 4))
    for value, expected in zip(found.values, values, strict=True):
        assert value.dtype == expected.dtype
        np.testing.assert_array_equal(value, expected)
    assert read_checkpoint(path, "b") is None
    data = path.read_bytes()
    for damaged in (data[: len(data) // 2], b"", b"text"):
        path.write_bytes(damaged)
        with pytest.warns(ReproduceWarning, match=r"run\.npz is damaged .*starts again from its first epoch"):
            assert read_checkpoint(path, "a") is None


def test_a_runs_name_tells_its_parts_apart() -> None:
    assert run_name("ab", "c") == run_name("ab", "c") != run_name("a", "bc")


_KILLED = """
import json, sys
from dataclasses import asdict
from pathlib import Path
from tests.training.cases import invented, run, trainer
from tests.training.test_resume import OPT9, TRAINING
training = {**TRAINING, "epochs": 30, "augmentations": ()}
made = trainer(invented(), OPT9, training=training)
resumed = run(made, 0.05, 3, OPT9, checkpoint=Path(sys.argv[1]))
print(json.dumps([asdict(each) for each in (resumed, run(made, 0.05, 3, OPT9))]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_a_killed_process_goes_on_where_it_was(tmp_path: Path, backend: str) -> None:
    pytest.importorskip(backend)
    path = tmp_path / "run.npz"
    command = [sys.executable, "-c", _KILLED, str(path)]
    environment = {**os.environ, "KERAS_BACKEND": backend, "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None and not path.exists():
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    with np.load(path) as state:
        done = len(state["curve"])
    assert 1 <= done < 30
    done_again = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    resumed, expected = json.loads(done_again.stdout)
    assert {**resumed, "seconds": 0} == {**expected, "seconds": 0}
    assert len(expected["curve"]["train_loss"]) == 30
