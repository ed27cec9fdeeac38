"""Several devices. A process must be told of them before its first tensor, so each has its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.paper_optimizers.keras_contract.worlds import BACKEND

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]


def run_alone(name: str, **environment: str) -> None:
    """Run a file of tests in a new process."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(HERE / name)]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | {"KERAS_BACKEND": BACKEND} | environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]


@pytest.mark.slow
@pytest.mark.skipif(BACKEND != "tensorflow", reason="tf.distribute is TensorFlow's")
def test_mirrored_strategy_trains_as_one_device_does() -> None:
    run_alone("two_devices_tensorflow.py")


@pytest.mark.slow
@pytest.mark.skipif(BACKEND != "jax", reason="keras.distribution needs JAX here")
def test_keras_distribution_trains_as_one_device_does() -> None:
    run_alone("two_devices_jax.py", XLA_FLAGS="--xla_force_host_platform_device_count=2")
