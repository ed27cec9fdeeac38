"""The Keras contract on the back ends that this process does not run: one run of its folder for each of them.

There two optimizers stand for the table's nine. Between them they have what nine have: decays, a schedule factor,
moments, states of nodes, random masks, the norm, one-cycle Nesterov momentum. What a new process does with a saved file
is left out: it begins with the imports, whatever the back end. By hand, all nine and all tests:
``KERAS_BACKEND=jax python -m pytest tests/paper_optimizers/keras_contract``.
"""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import keras
import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch"])
def test_the_contract_holds_on(backend: str) -> None:
    if backend == keras.backend.backend():
        pytest.skip(f"this process runs {backend}, and the contract with it")
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "-k",
            "not new_process",
            str(HERE / "keras_contract"),
        ],
        cwd=ROOT,
        env=os.environ | {"KERAS_BACKEND": backend, "CONTRACT_OPTIMIZERS": "A5,everything"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
