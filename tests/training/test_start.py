"""Fine-tuning: where weights come from, and what of them is trained."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reproduce.errors import ProtocolError, ReproduceError, ReproduceWarning
from reproduce.models.registry import build_model
from reproduce.tasks.pretraining import pretrained_weights
from reproduce.training.settings import PretrainingSettings
from reproduce.training.start import Start, backbone_shapes, read_start, starting_weights, write_start
from tests.settings import DIGITS, MODEL, TRAINING, model_of
from tests.training.cases import invented, run, trainer

SETTINGS = PretrainingSettings(DIGITS, replace(TRAINING, batch_size=8, epochs=4), "Adam", 0.1, 5)
PRETRAINED = {"start": "pretrained"}


def pretrain(cache: Path, settings: PretrainingSettings = SETTINGS, **model: Any) -> Path:
    return pretrained_weights(settings, replace(MODEL, **PRETRAINED, **model), invented(), "keras", cache)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return pretrain(tmp_path_factory.mktemp("cache"))


def tuned(weights: Path, epochs: int = 1, **training: Any) -> tuple[Any, list[np.ndarray]]:
    changes = {"batch_size": 8, "epochs": epochs, **training}
    made = trainer(invented(seed=1), model=PRETRAINED, training=changes, pretrained=weights)
    return run(made, 0.01, 1), made.weights()


def test_pretraining_is_done_once_and_again_for_other_settings(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = weights.read_bytes()
    assert {path.name for path in weights.parent.iterdir()} == {weights.name, weights.with_suffix(".json").name}
    monkeypatch.setattr("reproduce.tasks.pretraining.Fit", None)
    assert pretrain(weights.parent) == weights
    assert weights.read_bytes() == content
    with pytest.raises(TypeError):  # It would train.
        pretrain(weights.parent, replace(SETTINGS, seed=6))
    with pytest.raises(TypeError):
        pretrain(weights.parent, width=3)


def test_fine_tuning_starts_from_these_weights_and_a_new_last_layer(weights: Path) -> None:
    start = read_start(weights)
    made = trainer(invented(seed=1), model=PRETRAINED, training={"batch_size": 8}, pretrained=weights)
    made._state.reset(1)
    for value, expected in zip(made.weights(), start.values, strict=True):
        np.testing.assert_array_equal(value, expected)
    head = made._state._network.layers[-1].kernel.numpy()
    made._state.reset(2)
    assert np.abs(made._state._network.layers[-1].kernel.numpy() - head).max() > 0
    measured = run(made, 0.01, 1)
    assert measured.diverged_at is None
    assert measured.weights == start.weights
    assert start.weights.startswith("invented ")


@pytest.mark.slow
def test_what_is_frozen_stays_and_the_rest_is_trained(weights: Path) -> None:
    start = read_start(weights).values
    network = build_model(MODEL, invented())
    paths = [variable.path for layer in network.layers[:-1] for variable in layer.weights]
    for frozen, stays in [
        ("nothing", lambda path: False),
        ("batch_norm", lambda path: "batch_normalization" in path),
        ("backbone", lambda path: True),
    ]:
        measured, after = tuned(weights, frozen=frozen)
        assert measured.curve.train_loss
        for path, before, value in zip(paths, start, after, strict=True):
            assert np.array_equal(before, value) == stays(path), (frozen, path)


@pytest.mark.slow
def test_fine_tuning_is_ahead_of_training_from_scratch(weights: Path) -> None:
    ahead, _ = tuned(weights, epochs=2)
    scratch = run(trainer(invented(seed=1), training={"batch_size": 8}), 0.01, 1)
    assert ahead.curve.validation_loss[-1] < scratch.curve.validation_loss[-1]


def test_pretraining_that_diverges_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ReproduceError, match=r"invented with Adam at rate 1e\+30 diverged.*lower pretraining.rate"):
        pretrain(tmp_path, replace(SETTINGS, rate=1e30))
    assert list(tmp_path.iterdir()) == []


def test_a_weights_file_of_ones_own(weights: Path) -> None:
    model = {"start": "file", "weights_file": str(weights)}
    made = trainer(invented(seed=1), model=model, training={"batch_size": 8})
    made._state.reset(1)
    np.testing.assert_array_equal(made.weights()[0], read_start(weights).values[0])


@pytest.mark.parametrize(
    ("content", "words"), [(None, "cannot read the weights file"), (b"PK text", "is no weights file of this project")]
)
def test_a_file_that_holds_no_weights_is_named(tmp_path: Path, content: bytes | None, words: str) -> None:
    path = tmp_path / "weights.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ProtocolError, match=words):
        read_start(path)


def test_weights_that_do_not_fit_are_named(weights: Path) -> None:
    settings = replace(MODEL, **PRETRAINED)
    with pytest.raises(ProtocolError, match=r"shape \(3, 3, 1, 2\) where .* has \(3, 3, 3, 2\).*channels"):
        starting_weights(settings, backbone_shapes(build_model(settings, invented(channels=3))), weights)
    other = model_of("efficientnetv2", **PRETRAINED)
    with pytest.raises(ProtocolError, match="network, width and depth"):
        starting_weights(other, backbone_shapes(build_model(other, invented())), weights)
    with pytest.raises(ProtocolError, match=r"no pretraining: add a table \[pretraining\]"):
        starting_weights(settings, [], None)


def test_without_a_network_imagenet_is_from_scratch(monkeypatch: pytest.MonkeyPatch) -> None:
    import keras

    published = model_of("efficientnetv2", width=24, depth=15, start="imagenet")

    def fails(message: str) -> Any:
        def make(**_: Any) -> None:
            raise Exception(message)

        return make

    monkeypatch.setattr(keras.applications, "EfficientNetV2S", fails("URL fetch failure on https://host: None"))
    with pytest.warns(ReproduceWarning, match="cannot be fetched: training from scratch.*--weights FILE"):
        assert starting_weights(published, [], None) is None
    monkeypatch.setattr(keras.applications, "EfficientNetV2S", fails("out of memory"))
    with pytest.raises(Exception, match="out of memory"):
        starting_weights(published, [], None)


@pytest.mark.parametrize("error", [OSError("truncated file"), KeyError("layer_names"), ValueError("shape")])
def test_a_published_file_that_does_not_fit_is_named(
    error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import keras

    def fails(**_: Any) -> None:
        raise error

    monkeypatch.setattr(keras.applications, "EfficientNetV2S", fails)
    (tmp_path / "own.h5").write_bytes(b"of another kind")
    settings = replace(MODEL, start="file", weights_file=str(tmp_path / "own.h5"))
    with pytest.raises(ProtocolError, match=r"own\.h5 does not hold the weights of EfficientNetV2-S without its top"):
        starting_weights(settings, [], None)


@pytest.mark.slow
def test_the_file_that_keras_publishes_stands_for_imagenet(tmp_path: Path) -> None:
    import keras

    path = tmp_path / "published.weights.h5"
    network = keras.applications.EfficientNetV2S(
        weights=None, include_top=False, include_preprocessing=False, input_shape=(None, None, 3)
    )
    network.save_weights(path)
    settings = model_of("efficientnetv2", width=24, depth=15, start="file", weights_file=str(path))
    start = starting_weights(settings, backbone_shapes(build_model(settings, invented(channels=3, size=32))), None)
    assert start is not None
    assert start.weights.startswith("published.weights.h5 ")
    for value, expected in zip(start.values, network.get_weights(), strict=True):
        np.testing.assert_array_equal(value, expected)


def test_weights_are_written_and_read_back(tmp_path: Path) -> None:
    start = Start("cifar10 12ab", [np.ones((2, 3), np.float32), np.zeros(4, np.float32)])
    write_start(tmp_path / "new" / "weights.npz", start)
    found = read_start(tmp_path / "new" / "weights.npz")
    assert found.weights == "cifar10 12ab"
    assert [value.tolist() for value in found.values] == [value.tolist() for value in start.values]
