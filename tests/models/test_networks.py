from typing import Any

import numpy as np
import pytest

from reproduce.data import Dataset, channel_statistics
from reproduce.errors import ProtocolError
from reproduce.models.initial import draw_weights, drawn
from reproduce.models.registry import IMAGE_NETWORKS, TEXT_NETWORKS, build_model
from reproduce.models.settings import ModelSettings
from reproduce.plain_data import OutOfRangeError, read_settings
from tests.settings import MODEL, SIZES, model_of
from tests.training.cases import invented, text


def built(kind: str, dataset: Dataset, **changes: object) -> Any:
    model = build_model(model_of(kind, **changes), dataset)
    draw_weights(model, np.random.default_rng(0))
    return model


def answers(model: Any, inputs: Any, *, training: bool = False) -> np.ndarray:
    return np.asarray(model(inputs, training=training))


def test_every_kind_has_a_network() -> None:
    assert set(SIZES) == set(IMAGE_NETWORKS) | set(TEXT_NETWORKS)


@pytest.mark.parametrize("kind", SIZES)
def test_a_network_answers_with_logits_that_depend_on_its_weights(kind: str) -> None:
    dataset = text() if kind in TEXT_NETWORKS else invented(channels=3)
    model = built(kind, dataset, dropout=0.0)
    inputs = dataset.train.inputs[:6]
    before = answers(model, inputs, training=True)
    assert before.shape == (*dataset.train.labels[:6].shape, len(dataset.classes))
    assert before.dtype == np.float32
    assert np.isfinite(before).all()
    random = np.random.default_rng(1)
    normalised = any("batch_normalization" in variable.path for variable in model.variables)
    for variable in model.trainable_variables:
        kept = variable.numpy()
        if kept.ndim == 1 and normalised:
            continue  # A shift before a batch normalisation is taken out again.
        variable.assign(kept + random.normal(size=kept.shape))
        assert not np.allclose(answers(model, inputs, training=True), before, atol=1e-5), variable.path
        variable.assign(kept)


@pytest.mark.parametrize("kind", TEXT_NETWORKS)
def test_a_language_model_does_not_see_what_comes_next(kind: str) -> None:
    dataset = text()
    model = built(kind, dataset)
    inputs = dataset.train.inputs[:4].copy()
    before = answers(model, inputs)
    inputs[:, 5] = (inputs[:, 5] + 1) % 5
    after = answers(model, inputs)
    np.testing.assert_allclose(after[:, :5], before[:, :5], atol=1e-6)
    assert np.abs(after[:, 5:] - before[:, 5:]).max(axis=(0, 2)).min() > 1e-5


def test_a_vision_transformer_knows_where_a_patch_is() -> None:
    model = built("vision_transformer", invented())
    images = np.zeros((2, 8, 8, 1), np.float32)
    images[0, :4, :4] = images[1, 4:, 4:] = 255
    first, second = answers(model, images)
    assert np.abs(first - second).max() > 1e-6


@pytest.mark.slow
def test_the_published_size_is_keras_own_network() -> None:
    from keras.applications import EfficientNetV2S

    ours = built("efficientnetv2", invented(channels=3, count=2, size=64), width=24, depth=15, dropout=0.2)
    published = EfficientNetV2S(
        weights=None, include_top=True, classes=2, include_preprocessing=False, input_shape=(64, 64, 3),
        classifier_activation=None,
    )  # fmt: skip
    assert [weight.shape for weight in ours.get_weights()] == [weight.shape for weight in published.get_weights()]
    published.set_weights(ours.get_weights())
    images = np.random.default_rng(0).random((2, 64, 64, 3)).astype(np.float32)
    np.testing.assert_allclose(answers(ours, 255 * images), answers(published, images), atol=1e-4)
    rates = [[layer.rate for layer in model.layers if "dropout" in type(layer).__name__.lower()]
             for model in (ours, published)]  # fmt: skip
    np.testing.assert_allclose(*rates)


def test_pixels_are_scaled_as_the_settings_say() -> None:
    dataset = invented(channels=3)
    pixels = dataset.train.inputs.astype(np.float64)
    mean, deviation = channel_statistics(dataset.train, 255)
    expected = {
        "unit": pixels / 255,
        "centred": pixels / 127.5 - 1,
        "standardised": (pixels / 255 - mean) / deviation,
    }
    for name, values in expected.items():
        scaling = build_model(model_of("surrogate", pixels=name), dataset).layers[1]
        np.testing.assert_allclose(np.asarray(scaling(dataset.train.inputs)), values, rtol=1e-4, atol=1e-5)


def test_low_precision_is_for_the_layers_of_this_model_alone() -> None:
    import keras

    model = build_model(model_of("surrogate"), invented(), "mixed_bfloat16")
    assert {layer.compute_dtype for layer in model.layers[1:-1]} == {"bfloat16"}
    assert model.layers[-1].compute_dtype == "float32"
    assert {str(weight.dtype) for weight in model.trainable_variables} == {"float32"}
    assert keras.config.dtype_policy().name == "float32"


def test_weights_are_drawn_as_keras_initializers_do() -> None:
    from keras import initializers

    random = np.random.default_rng(0)
    for initializer, shape in [
        (initializers.GlorotUniform(), (3, 3, 40, 80)),
        (initializers.HeNormal(), (3, 3, 40, 80)),
        (initializers.VarianceScaling(2.0, "fan_out", "truncated_normal"), (3, 3, 300, 1)),
        (initializers.RandomUniform(), (80, 90)),
        (initializers.RandomNormal(stddev=0.02), (80, 90)),
    ]:
        ours, theirs = drawn(initializer, shape, random), np.asarray(initializer(shape))
        assert ours.dtype == np.float32
        assert ours.std() == pytest.approx(theirs.std(), rel=0.05)
        assert np.abs(ours).max() == pytest.approx(np.abs(theirs).max(), rel=0.35)
    for shape in [(8, 32), (32, 8)]:
        matrix = drawn(initializers.Orthogonal(), shape, random)
        small = matrix @ matrix.T if shape[0] < shape[1] else matrix.T @ matrix
        np.testing.assert_allclose(small, np.eye(8), atol=1e-5)
    with pytest.raises(TypeError, match="Identity"):
        drawn(initializers.Identity(), (4, 4), random)


def test_a_seed_draws_the_same_weights_and_another_others() -> None:
    model = build_model(model_of("char_lstm"), text())
    drawn_weights = []
    for seed in (0, 0, 1):
        draw_weights(model, np.random.default_rng(seed))
        drawn_weights.append([weight.numpy() for weight in model.trainable_variables])
    for first, same, other in zip(*drawn_weights, strict=True):
        np.testing.assert_array_equal(first, same)
        assert (np.abs(first - other).max() > 0) == (len(np.unique(first)) > 2)


@pytest.mark.parametrize(
    ("network", "changes", "words"),
    [
        ("surrogate", {"width": 0}, "width must be between 1 and 4096; received 0"),
        ("efficientnetv2", {"depth": 101}, "depth must be between 1 and 100; received 101"),
        ("vision_transformer", {"heads": 3}, "heads must be a divisor of width 8; received 3"),
        ("char_transformer", {"heads": 0}, "heads must be a divisor of width 8; received 0"),
        ("vision_transformer", {"patch_size": 0}, "patch_size must be between 1 and 1024; received 0"),
        ("surrogate", {"start": "imagenet"}, "start must be another, or the network efficientnetv2 of width 24"),
        ("surrogate", {"start": "file"}, "weights_file must be given where start is 'file'; received None"),
        ("surrogate", {"weights_file": "x.npz"}, "weights_file must be left out where start is 'scratch'"),
        ("char_lstm", {"dropout": 1.0}, "dropout must be in"),
        ("efficientnetv2", {"batch_norm_momentum": 1.0}, "batch_norm_momentum must be in"),
    ],
)
def test_sizes_that_make_no_network_are_refused(network: str, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(OutOfRangeError, match=words):
        model_of(network, **changes)


def test_settings_are_read_from_a_table() -> None:
    table = {name: getattr(MODEL, name) for name in MODEL.__dataclass_fields__}
    assert read_settings(ModelSettings, table, "file") == MODEL
    with pytest.raises(ProtocolError, match="file: network must be one of surrogate, efficientnetv2"):
        read_settings(ModelSettings, {**table, "network": "resnet"}, "file")
    with pytest.raises(ProtocolError, match="file: unknown key heads; expected: network, width, dropout"):
        read_settings(ModelSettings, {**table, "heads": 2}, "file")


@pytest.mark.parametrize(
    ("kind", "changes", "dataset", "words"),
    [
        ("surrogate", {}, text(), "surrogate does not read circle, which is text; expected one of char_lstm"),
        ("char_lstm", {}, invented(), "char_lstm does not read invented, which is images; expected one of surrogate"),
        ("vision_transformer", {"patch_size": 9}, invented(), "patch_size 9 is larger than the images"),
    ],
)
def test_a_network_that_does_not_fit_the_data_is_refused(
    kind: str, changes: dict[str, Any], dataset: Dataset, words: str
) -> None:
    with pytest.raises(ProtocolError, match=words):
        build_model(model_of(kind, **changes), dataset)
