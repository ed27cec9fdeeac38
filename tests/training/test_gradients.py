"""Gradients on their way to a step, on each backend."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reproduce.data import Dataset
from reproduce.machine import backend_name
from reproduce.training.loop import Steps
from tests.settings import model_of
from tests.training.cases import SGD, invented, losses, run, trainer

ROOT = Path(__file__).resolve().parents[2]
#: Without what sees a part of a batch otherwise than the whole: normalisation, and random masks.
PLAIN = model_of("vision_transformer", depth=1, dropout=0.0)


def trained(dataset: Dataset, rate: float = 0.1, **training: Any) -> np.ndarray:
    made = trainer(dataset, SGD, model=PLAIN, training={"batch_size": 8, **training})
    return losses(run(made, rate, 1, SGD))


@pytest.fixture(scope="module")
def plain() -> np.ndarray:
    return trained(invented())


def test_accumulated_gradients_are_those_of_the_whole_batch(plain: np.ndarray) -> None:
    np.testing.assert_allclose(trained(invented(), accumulation=4), plain, rtol=1e-5)


def test_noise_has_the_size_asked_for_and_follows_the_seed() -> None:
    dataset = invented()
    order = np.arange(8, dtype=np.int32)[None]

    def moves(noise: float, seed: int) -> np.ndarray:
        made = trainer(dataset, SGD, model=PLAIN, training={"batch_size": 8, "gradient_noise": noise})
        made._state.reset(1)
        before = made._state.values()
        made._loop.epoch(order, Steps(np.ones(1, np.float32), np.array([seed], np.uint32)))
        weights = len(made._state._network.trainable_variables)
        after = [value for value in made._state.values()[:weights] if value.ndim == 2]
        before = [value for value in before[:weights] if value.ndim == 2]
        return [new - old for new, old in zip(after, before, strict=True)]

    clean = moves(0.0, 7)
    noisy = moves(0.5, 7)
    for first, second in zip(clean, noisy, strict=True):
        size = np.sqrt(np.mean(first**2))
        assert np.sqrt(np.mean((second - first) ** 2)) == pytest.approx(0.5 * size, rel=0.35)
    np.testing.assert_array_equal(noisy[0], moves(0.5, 7)[0])
    assert np.abs(noisy[0] - moves(0.5, 8)[0]).max() > 0


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_low_precision_stays_close(plain: np.ndarray, precision: str) -> None:
    low = trained(invented(), precision=precision)
    np.testing.assert_allclose(low, plain, rtol=0.05)
    assert (low != plain).any()


def test_soft_labels_that_are_certain_are_hard_ones() -> None:
    dataset = invented()
    made = trainer(dataset, SGD, model=PLAIN, training={"batch_size": 8})
    batches = np.arange(24).reshape(3, 8)
    inputs, labels = dataset.train.inputs[batches], dataset.train.labels[batches]
    steps = Steps(np.full(3, 0.1, np.float32), np.zeros(3, np.uint32))
    answers = []
    for form in (labels, np.eye(2, dtype=np.float32)[labels]):
        made._state.reset(1)
        answers.append(made._loop.given(inputs, form, steps))
    made._state.reset(1)
    answers.append(made._loop.epoch(batches.astype(np.int32), steps))
    for other in answers[1:]:
        np.testing.assert_allclose(other.losses, answers[0].losses, rtol=1e-5)
        np.testing.assert_array_equal(other.right, answers[0].right)


_OTHER = """
import json, sys
from tests.settings import model_of
from tests.training.cases import invented
from tests.training.test_gradients import trained
data = invented()
settings = [{}, {"accumulation": 4}, {"precision": "mixed_bfloat16"}, {"gradient_noise": 0.1}]
print(json.dumps([trained(data, **each).tolist() for each in settings]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("backend", sorted({"tensorflow", "jax", "torch"} - {backend_name()}))
def test_backends_agree(backend: str, plain: np.ndarray) -> None:
    pytest.importorskip(backend)
    found = json.loads(_python(_OTHER, KERAS_BACKEND=backend))
    np.testing.assert_allclose(found[0], plain, rtol=1e-3)
    np.testing.assert_allclose(found[1], found[0], rtol=1e-5)
    np.testing.assert_allclose(found[2], found[0], rtol=0.05)
    np.testing.assert_allclose(found[3], found[0], rtol=0.05)
    assert found[3] != found[0]


_DEVICES = """
import json
from tests.settings import model_of
from tests.training.cases import SGD, invented, losses, run, trainer
from tests.training.test_gradients import PLAIN
import keras, jax
from reproduce.errors import ProtocolError
answers = []
for count in (1, 2):
    # JAX has no attention in float16 on a CPU, so the surrogate stands in.
    for model, extra in ((PLAIN, {"accumulation": 2}), ({"dropout": 0.0}, {"precision": "mixed_float16"})):
        made = trainer(invented(), SGD, model=model, training={"batch_size": 8, **extra}, num_devices=count)
        answers.append(losses(run(made, 0.1, 1, SGD)).tolist())
        places = {len(weight.value.sharding.device_set) for weight in made._state._network.trainable_variables}
        assert places == {count}, places
try:
    trainer(invented(), SGD, training={"batch_size": 8}, num_devices=4)
except ProtocolError as error:
    answers.append(str(error))
print(json.dumps(answers))
"""


@pytest.mark.slow
def test_two_devices_compute_what_one_does() -> None:
    pytest.importorskip("jax")
    found = json.loads(_python(_DEVICES, KERAS_BACKEND="jax", XLA_FLAGS="--xla_force_host_platform_device_count=2"))
    np.testing.assert_allclose(found[2:4], found[:2], rtol=1e-3)
    assert "4 devices are asked for, and there are 2" in found[4]


def _python(code: str, **environment: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
