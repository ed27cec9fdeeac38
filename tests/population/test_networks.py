"""The engine's networks beside Keras': the same first weights, the same answers; and what training them takes."""

from dataclasses import replace
from functools import cache

import jax
import numpy as np
import pytest

from paper_optimizers import get
from reproduce.data import Dataset, load_dataset
from reproduce.models.initial import draw_weights
from reproduce.models.registry import build_model
from reproduce.population.assembly import Member
from reproduce.population.device import arithmetic_type
from reproduce.population.engine import Population
from reproduce.population.networks.char_lstm import CharLSTM
from reproduce.population.networks.char_transformer import CharTransformer
from reproduce.population.networks.convnet import ConvNet
from reproduce.population.networks.vision_transformer import VisionTransformer
from reproduce.population.problems import classification
from reproduce.population.waves import Examples, train_members
from tests import settings
from tests.settings import DIGITS, model_of

IMAGES = load_dataset(DIGITS)
TEXT = load_dataset(replace(settings.TEXT, window=12))
CHARACTERS = len(TEXT.classes)

#: Each network, its twin's settings, and the data it reads.
CASES = {
    "surrogate": (
        ConvNet(4, 1, 10, scale=1 / 16, dropout=0.0),
        model_of("surrogate", width=4, dropout=0.0),
        IMAGES,
    ),
    "surrogate without bias": (
        ConvNet(4, 1, 10, scale=1 / 16, dropout=0.0, conv_bias=False),
        model_of("surrogate", width=4, dropout=0.0, conv_bias=False),
        IMAGES,
    ),
    "vision transformer": (
        VisionTransformer((8, 8, 1), 10, width=8, depth=2, heads=2, patch_size=3),
        model_of("vision_transformer", patch_size=3, dropout=0.0),
        IMAGES,
    ),
    "character LSTM": (CharLSTM(CHARACTERS, width=8, depth=2), model_of("char_lstm", dropout=0.0), TEXT),
    "character transformer": (
        CharTransformer(12, CHARACTERS, width=8, depth=2, heads=4),
        model_of("char_transformer", heads=4, dropout=0.0),
        TEXT,
    ),
}


def inputs(dataset: Dataset, count: int) -> np.ndarray:
    return dataset.train.inputs[:count]


@cache
def compiled(network):
    """One program for all answers of a network."""
    return jax.jit(network.apply)


def answer(network, parameters, statistics, batch, key=None) -> np.ndarray:
    """The logits."""
    return np.asarray(compiled(network)(parameters, statistics, batch, key)[0])


def scaled(network, values: np.ndarray) -> np.ndarray:
    """The input that the engine's trainer gives a network: pixels of 0 to 1; the surrogate scales them itself."""
    return values.astype(np.float32) / 16 if isinstance(network, VisionTransformer) else values


@pytest.mark.parametrize("name", CASES)
def test_it_is_the_network_of_keras_from_the_first_weights_on(name):
    network, settings, dataset = CASES[name]
    twin = build_model(settings, dataset)
    draw_weights(twin, np.random.default_rng([3, 0]))
    parameters, statistics = network.initial(np.random.default_rng([3, 0]))
    theirs = [np.asarray(variable) for variable in twin.trainable_variables]
    assert [array.shape for array in parameters] == [array.shape for array in theirs]
    for ours, their in zip(parameters, theirs, strict=True):
        np.testing.assert_allclose(ours, their, rtol=1e-6, atol=1e-9)
    random = np.random.default_rng(0)
    moved = tuple((array + 0.1 * random.normal(size=array.shape)).astype(np.float32) for array in parameters)
    for variable, value in zip(twin.trainable_variables, moved, strict=True):
        variable.assign(value)
    batch = inputs(dataset, 16)
    logits = answer(network, moved, statistics, scaled(network, batch))
    np.testing.assert_allclose(logits, np.asarray(twin(batch)), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", CASES)
def test_dropout_is_drawn_in_training_alone_and_half_precision_stays_close(name):
    network, _, dataset = CASES[name]
    network = replace(network, dropout=0.5) if name.startswith("surrogate") else replace(network, dropout=0.5, depth=1)
    parameters, statistics = network.initial(np.random.default_rng(0))
    batch = scaled(network, inputs(dataset, 8))
    whole, half = (
        answer(network, parameters, statistics, batch) for network in (network, replace(network, dtype="bfloat16"))
    )
    assert (str(whole.dtype), str(half.dtype)) == ("float32", "float32")
    np.testing.assert_allclose(half, whole, rtol=0, atol=0.05 * np.abs(whole).max())
    assert not np.array_equal(half, whole)
    one, again, other = (
        answer(network, parameters, statistics, batch, jax.random.key(seed)) for seed in (1, 1, 2)
    )  # fmt: skip
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize("name", [name for name in CASES if name.startswith("character")])
def test_a_place_sees_no_character_after_it(name):
    network, _, _ = CASES[name]
    parameters, _ = network.initial(np.random.default_rng(0))
    text = inputs(TEXT, 4)
    changed = text.copy()
    changed[:, 7] = (changed[:, 7] + 1) % CHARACTERS
    before, after = (answer(network, parameters, (), each) for each in (text, changed))
    np.testing.assert_allclose(before[:, :7], after[:, :7], rtol=0, atol=1e-6)
    assert np.abs(before[:, 7:] - after[:, 7:]).max() > 1e-4


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in CASES if not name.startswith("surrogate")])
def test_a_population_of_it_learns(name):
    network, _, dataset = CASES[name]
    network = replace(network, depth=1, dropout=0.1)
    train, validation = (
        (scaled(network, part.inputs[chosen]), part.labels[chosen])
        for part in (dataset.train, dataset.validation)
        for chosen in [np.random.default_rng(0).permutation(len(part))[:256]]
    )
    (training,) = train_members(
        Population(classification(network.initial, network.apply)), [Member(get("Adam"), 0.02, total_steps=16)],
        Examples(train, validation, batch_size=32, steps_per_epoch=8), 2, largest=1,
    )  # fmt: skip
    assert training.diverged_at is None
    assert training.curve.validation_loss[-1] < training.curve.train_loss[0]
    assert 0 < training.curve.validation_accuracy[-1] < 1


@pytest.mark.parametrize("name", CASES)
def test_members_computed_together_answer_as_they_do_alone(name):
    network, _, dataset = CASES[name]
    members = [network.initial(np.random.default_rng(seed)) for seed in range(3)]
    batch = scaled(network, inputs(dataset, 8))
    stacked = jax.tree.map(lambda *arrays: np.stack(arrays), *members)
    together = jax.jit(jax.vmap(lambda *member: network.apply(*member, batch, None)[0]))(*stacked)
    for (parameters, statistics), logits in zip(members, together, strict=True):
        alone = answer(network, parameters, statistics, batch)
        np.testing.assert_allclose(logits, alone, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("layout", ["map", "vectorise"])
@pytest.mark.parametrize("name", [name for name in CASES if not name.startswith("character")])
def test_an_evaluation_that_shares_what_it_prepares_is_that_of_each_member_alone(name, layout):
    network, _, dataset = CASES[name]
    examples = scaled(network, inputs(dataset, 100)), dataset.train.labels[:100]
    population = Population(sharing(network), layout=layout)
    _, state = population.start([Member(get("Adam"), 0.01, 10, seed=seed) for seed in range(3)])
    moved = np.asarray(state.weight) + np.random.default_rng(1).normal(0, 0.1, state.weight.shape).astype(np.float32)
    state = state._replace(weight=jax.device_put(moved), failed_at=jax.device_put(np.int32([-1, 0, -1])))
    found = population.evaluate(state, examples)
    assert np.isnan(found.loss[1])
    other = replace(network, convolution="patches") if isinstance(network, ConvNet) else network
    alone = classification(other.initial, other.apply)
    for place in (0, 2):
        expected = alone.evaluate(*population.network(state, place), examples)
        np.testing.assert_allclose(found.loss[place], np.mean(expected.loss), rtol=1e-5)
        np.testing.assert_array_equal(found.correct[place], expected.correct)


def test_vectorised_members_get_no_copies_of_what_is_prepared():
    network, _, dataset = CASES["surrogate"]
    population = Population(sharing(network), layout="vectorise")
    _, state = population.start([Member(get("Adam"), 0.01, 10, seed=seed) for seed in range(3)])
    batches = inputs(dataset, 64)[None], dataset.train.labels[None, :64]
    measured = state.weight, state.statistics, state.failed_at
    program = str(jax.make_jaxpr(population._evaluate_all)(measured, batches, np.ones((1, 64), np.float32)))
    assert "f32[9,8,8,64]" in program
    assert "f32[3,9,8,8,64]" not in program


def sharing(network):
    """The problem of a network whose members share what is prepared."""
    return classification(network.initial, network.apply, inference=network.inference)


def test_products_are_float32_on_cpus_and_bfloat16_elsewhere_unless_asked():
    assert [arithmetic_type(None, each) for each in ("cpu", "gpu", "tpu")] == ["float32", "bfloat16", "bfloat16"]
    assert arithmetic_type("float32", "gpu") == "float32"
    assert arithmetic_type("bfloat16", "cpu") == "bfloat16"
    assert arithmetic_type(None) == ("float32" if jax.default_backend() == "cpu" else "bfloat16")
