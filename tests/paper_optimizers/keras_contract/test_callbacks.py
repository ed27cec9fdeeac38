"""Keras' callbacks that read or move an optimizer."""

from pathlib import Path

import keras
import numpy as np
import pytest

import paper_optimizers as po
from tests.paper_optimizers.keras_contract.worlds import OPTIMIZERS, arrays, assert_equal, compiled, fit


def rate_of(model: keras.Model) -> float:
    return float(keras.ops.convert_to_numpy(model.optimizer.learning_rate))


@pytest.mark.parametrize("name", ["Opt4", "everything"])
def test_learning_rate_scheduler_sets_the_rate(name: str) -> None:
    model = compiled(OPTIMIZERS[name]())
    callback = keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2)
    history = fit(model, epochs=3, callbacks=[callback]).history
    np.testing.assert_allclose(history["learning_rate"], [0.025, 0.0125, 0.00625], rtol=1e-6)
    assert rate_of(model) == pytest.approx(0.00625)


def test_learning_rate_scheduler_refuses_a_schedule_as_for_any_optimizer() -> None:
    model = compiled(po.Opt4(po.WarmupHoldCosine(0.1, 40)))
    with pytest.raises(TypeError, match="not settable"):
        fit(model, callbacks=[keras.callbacks.LearningRateScheduler(lambda epoch: 0.1)])


def test_reduce_on_plateau_lowers_the_rate() -> None:
    model = compiled(OPTIMIZERS["Opt4"]())
    callback = keras.callbacks.ReduceLROnPlateau(monitor="loss", factor=0.1, patience=1, min_delta=1e9)
    fit(model, epochs=4, callbacks=[callback])
    assert rate_of(model) == pytest.approx(0.05e-3, rel=1e-4)


def test_the_tensorboard_callback_writes_its_file(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    model = compiled(po.Opt4(po.WarmupHoldCosine(0.1, 40)))
    fit(model, callbacks=[keras.callbacks.TensorBoard(tmp_path)])
    assert list(tmp_path.rglob("events*"))


def test_swap_ema_weights_validates_with_the_average() -> None:
    model = compiled(OPTIMIZERS["Opt4"](use_ema=True, ema_momentum=0.5))
    x, y = np.ones((8, 3), "float32"), np.ones((8, 2), "float32")

    class Keep(keras.callbacks.Callback):
        """Keeps the weights that validation sees."""

        def on_test_begin(self, logs: dict | None = None) -> None:
            self.weights = arrays(self.model.trainable_variables)

    keep = Keep()
    fit(model, epochs=2, validation_data=(x, y), callbacks=[keras.callbacks.SwapEMAWeights(), keep])
    average = arrays(model.optimizer._model_variables_moving_average)
    assert_equal(keep.weights, average, 1e-6)
    assert_equal(model.trainable_variables, average, 1e-6)


class Interrupted(RuntimeError):
    pass


class InterruptAt(keras.callbacks.Callback):
    """Stops the run in the middle of an epoch."""

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        if epoch == 2:
            raise Interrupted


@pytest.mark.parametrize("name", ["Opt9", "everything"])
def test_backup_and_restore_resumes_training(name: str, tmp_path: Path) -> None:
    """A run that was interrupted and started again ends as one that was not: decays, momentum and masks included."""
    straight = compiled(OPTIMIZERS[name]())
    fit(straight, epochs=4)

    def backup() -> keras.callbacks.Callback:
        return keras.callbacks.BackupAndRestore(tmp_path / "backup")

    with pytest.raises(Interrupted):
        fit(compiled(OPTIMIZERS[name]()), epochs=4, callbacks=[backup(), InterruptAt()])
    resumed = compiled(OPTIMIZERS[name]())
    fit(resumed, epochs=4, callbacks=[backup()])
    assert_equal(resumed.weights, straight.weights, 1e-6)
    assert_equal(resumed.optimizer.variables, straight.optimizer.variables, 1e-6)


def test_a_checkpoint_of_the_whole_model_trains_on(tmp_path: Path) -> None:
    model = compiled(OPTIMIZERS["everything"]())
    path = tmp_path / "model.keras"
    fit(model, callbacks=[keras.callbacks.ModelCheckpoint(path)])
    loaded = keras.saving.load_model(path)
    fit(model)
    fit(loaded)
    assert_equal(loaded.weights, model.weights, 1e-6)
