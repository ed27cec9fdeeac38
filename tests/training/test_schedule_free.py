"""Schedule-Free AdamW against its equations in NumPy, and what a run measures of it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from numpy.typing import NDArray

from reproduce.data import Part
from reproduce.machine import backend_name
from reproduce.tasks.optimizers import Entrant
from reproduce.training import fit as module
from reproduce.training.checkpoint import Checkpoint
from reproduce.training.loop import Loop, evaluate
from reproduce.training.schedule_free import ScheduleFreeAdamW
from reproduce.training.start import backbone_variables
from tests.training.cases import invented, run, trainer, untimed

ROOT = Path(__file__).resolve().parents[2]
ENTRANT = Entrant("ScheduleFreeAdamW", "keras", None)
RATE, BETA_1, BETA_2, EPSILON, WARMUP = 0.1, 0.9, 0.999, 1e-8, 3
COUNTS = (1, 2, 5, 8)
START = np.array([1.0, 2.0, -3.0])
GRADIENTS = np.random.default_rng(0).normal(size=(8, 3))


def by_the_paper() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where the gradient is taken, and the mean of all z, after so many steps; in float64."""
    z, square, all_z, trained, means = START.copy(), np.zeros(3), [], [], []
    for step, gradient in enumerate(GRADIENTS, start=1):
        square = BETA_2 * square + (1 - BETA_2) * gradient**2
        rate = RATE * min(step / WARMUP, 1)
        z = z - rate * gradient / (np.sqrt(square / (1 - BETA_2**step)) + EPSILON)
        all_z.append(z)
        means.append(np.mean(all_z, axis=0))
        trained.append((1 - BETA_1) * z + BETA_1 * means[-1])
    steps = [count - 1 for count in COUNTS]
    return np.array(trained)[steps], np.array(means)[steps]


def by_keras() -> list[list[list[float]]]:
    trained, means = [], []
    for count in COUNTS:
        weight = keras.Variable(START.astype(np.float32))
        optimizer = ScheduleFreeAdamW(RATE, warmup_steps=WARMUP)
        optimizer.build([weight])
        for gradient in GRADIENTS[:count].astype(np.float32):
            optimizer.apply([keras.ops.convert_to_tensor(gradient)], [weight])
        trained.append(weight.numpy().tolist())
        optimizer.move_to_mean([weight])
        means.append(weight.numpy().tolist())
        optimizer.learning_rate.assign(0.0)
        optimizer.apply([keras.ops.ones(3)], [weight])
        np.testing.assert_allclose(weight.numpy(), means[-1], rtol=1e-6)
    return [trained, means]


class Watched:
    """A trainer whose weights are noted where it trains and where it measures."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> None:
        self.made = trainer(invented(), ENTRANT, training={"batch_size": 8, "epochs": 3}, **settings)
        self.trained: list[list[NDArray[Any]]] = []
        self.begun: list[list[NDArray[Any]]] = []
        self.measured: list[list[NDArray[Any]]] = []
        state, original = self.made._state, self.made._epoch

        def epoch(order: Any, steps: Any) -> Any:
            if not steps.rates.any():
                return original(order, steps)
            self.begun.append(state.values())
            answers = original(order, steps)
            self.trained.append(state.values())
            return answers

        def measure(loop: Loop, part: Part) -> tuple[float, float]:
            self.measured.append(state.values())
            return evaluate(loop, part)

        monkeypatch.setattr(self.made, "_epoch", epoch)
        monkeypatch.setattr(module, "evaluate", measure)

    def places(self, name: str) -> list[int]:
        """Where in the noted values the variables are whose path ends so."""
        return [n for n, (variable, _) in enumerate(self.made._state._fresh) if variable.path.endswith(name)]


def test_the_sequences_are_those_of_the_paper() -> None:
    for found, expected in zip(by_keras(), by_the_paper(), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_fit_starts_at_the_weights() -> None:
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, use_bias=False)])
    (before,) = model.get_weights()
    model.compile(ScheduleFreeAdamW(0.0), "mse")
    model.fit(np.ones((8, 4)), np.ones((8, 3)), batch_size=2, verbose=0)
    np.testing.assert_allclose(model.get_weights()[0], before, rtol=1e-6)
    (start,) = [value for value in model.optimizer.variables if value.path.endswith("momentum")]
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(start), before)


@pytest.mark.slow
@pytest.mark.parametrize("backend", sorted({"tensorflow", "jax", "torch"} - {backend_name()}))
def test_on_every_backend(backend: str) -> None:
    pytest.importorskip(backend)
    code = "import json\nfrom tests.training.test_schedule_free import by_keras\nprint(json.dumps(by_keras()))"
    environment = {**os.environ, "KERAS_BACKEND": backend, "OMP_NUM_THREADS": "1"}
    output = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, check=True
    ).stdout
    for found, expected in zip(json.loads(output), by_the_paper(), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_a_run_measures_the_mean_and_trains_on_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched(monkeypatch)
    run(watched.made, 0.05, 1, ENTRANT)
    weights = watched.places("kernel")
    copies = watched.places("kernel_momentum")
    assert len(weights) == len(copies) == 4
    assert len(watched.measured) == 4  # Three times validation, once test.
    for trained, measured in zip(watched.trained, watched.measured, strict=False):
        for weight, copy in zip(weights, copies, strict=True):
            mean = (trained[weight] - 0.1 * trained[copy]) / 0.9
            np.testing.assert_allclose(measured[weight], mean, rtol=1e-4, atol=1e-6)
            assert np.abs(measured[weight] - trained[weight]).max() > 1e-5
        (first, *_) = watched.places("moving_mean")
        assert np.abs(measured[first] - trained[first]).max() > 1e-5
    for trained, begun in zip(watched.trained, watched.begun[1:], strict=False):
        for value, expected in zip(begun, trained, strict=True):
            np.testing.assert_array_equal(value, expected)
    for value, expected in zip(watched.measured[3], watched.measured[2], strict=True):
        np.testing.assert_array_equal(value, expected)  # Test is measured where the last validation was.
    backbone = backbone_variables(watched.made._state._network)
    for value, variable in zip(watched.made.weights(), backbone, strict=True):
        np.testing.assert_array_equal(value, variable.numpy())
    np.testing.assert_array_equal(watched.made.weights()[0], watched.measured[3][weights[0]])


def test_statistics_come_from_as_many_batches_as_the_training_says(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    for settings in ({}, {"statistics_batches": 2}):
        made = trainer(invented(), ENTRANT, training={"batch_size": 8, "epochs": 1, **settings})
        epoch = made._epoch

        def noted(order: Any, steps: Any, epoch: Any = epoch) -> Any:
            if not steps.rates.any():
                seen.append(len(order))
            return epoch(order, steps)

        monkeypatch.setattr(made, "_epoch", noted)
        run(made, 0.05, 1, ENTRANT)
    assert seen == [3, 3, 2, 2]


@pytest.mark.parametrize("settings", [{}, {"precision": "mixed_float16"}], ids=["float32", "mixed_float16"])
def test_a_run_that_was_cut_off_goes_on_as_if_it_had_not_been(
    settings: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = trainer(invented(), ENTRANT, training={"batch_size": 8, "epochs": 3, **settings})
    expected = untimed(run(made, 0.05, 1, ENTRANT))
    assert expected.curve.train_loss[-1] < expected.curve.train_loss[0]

    def write(path: Path, checkpoint: Checkpoint) -> None:
        original(path, checkpoint)
        raise KeyboardInterrupt

    original = module.write_checkpoint
    for _ in range(3):
        with monkeypatch.context() as patched:
            patched.setattr(module, "write_checkpoint", write)
            with pytest.raises(KeyboardInterrupt):
                run(made, 0.05, 1, ENTRANT, checkpoint=tmp_path / "run.npz")
    assert untimed(run(made, 0.05, 1, ENTRANT, checkpoint=tmp_path / "run.npz")) == expected
