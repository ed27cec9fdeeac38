"""Models that were saved when the Keras classes lay in other modules, and schedules counted batches, go on.

`tests/paper_optimizers/saved` holds files of commit 90109bb, each saved after five batches, and the weights that the
same commit had after six more.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

import paper_optimizers as po
from tests.paper_optimizers.keras_contract.worlds import arrays

SAVED = Path(__file__).resolve().parents[1] / "saved"
CONTINUED = json.loads((SAVED / "continued.json").read_text(encoding="utf-8"))
FIRST, LAST = 5, 11


def go_on(model: keras.Model) -> np.ndarray:
    """The model's weights after it has seen the batches that it was not saved with."""
    random = np.random.default_rng(5)
    x, y = (random.normal(size=(LAST, 4, 2)).astype("float32")[FIRST:].reshape(-1, 2) for _ in range(2))
    model.fit(x, y, batch_size=4, shuffle=False, verbose=0)
    return np.concatenate([weight.ravel() for weight in arrays(model.weights)])


def test_every_saved_file_is_there() -> None:
    assert {path.stem for path in SAVED.glob("*.keras")} == CONTINUED.keys()


@pytest.mark.parametrize("name", CONTINUED)
def test_a_model_saved_before_goes_on_as_it_would_have(name: str) -> None:
    model = keras.saving.load_model(SAVED / f"{name}.keras")
    np.testing.assert_allclose(go_on(model), CONTINUED[name], rtol=2e-5, atol=2e-7)


@pytest.mark.parametrize("name", CONTINUED)
def test_a_model_saved_before_is_saved_again(name: str, tmp_path: Path) -> None:
    model = keras.saving.load_model(SAVED / f"{name}.keras")
    model.save(tmp_path / "again.keras")
    again = keras.saving.load_model(tmp_path / "again.keras")
    assert again.optimizer.get_config() == model.optimizer.get_config()
    np.testing.assert_allclose(go_on(again), CONTINUED[name], rtol=2e-5, atol=2e-7)


def test_a_run_that_is_assigned_makes_the_schedule_count_updates() -> None:
    optimizer = keras.saving.load_model(SAVED / "accumulated.keras").optimizer
    assert (optimizer.total_steps, optimizer._learning_rate.total_steps) == (6, 12)
    optimizer.total_steps = 9
    assert optimizer._learning_rate.get_config() == po.WarmupHoldCosine(0.05, 9, 2, 1).get_config()
    assert float(optimizer.learning_rate) == pytest.approx(0.05)  # after two updates, at the end of the warm-up


@pytest.mark.parametrize(
    "line",
    ["import keras, paper_optimizers", "import paper_optimizers.keras, keras", "from paper_optimizers import Opt9"],
)
def test_a_new_process_opens_them_once_the_door_is_imported(line: str) -> None:
    code = f"{line}\nimport keras, sys\nprint(type(keras.saving.load_model(sys.argv[1]).optimizer).__name__)"
    command = [sys.executable, "-c", code, SAVED / "warmup.keras"]
    environment = os.environ | {"PYTHONPATH": str(SAVED.parents[2])}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.stdout == "Opt9\n", done.stderr
