"""Members that a transformation of Optax moves: as specs do, at every rate by one compilation, on any cores."""

from functools import cache

import jax
import numpy as np
import optax
import pytest

from paper_optimizers import from_text, get
from paper_optimizers.optax import graph_optimizer
from reproduce.population.assembly import Member
from reproduce.population.engine import Population
from reproduce.population.problems import classification
from reproduce.population.transformation import Transformation
from reproduce.population.waves import train_members
from tests.population.test_engine import IN_TURN, LAYOUTS, compilations
from tests.population.test_waves import EXAMPLES, initial, linear
from tests.population.walks import STEPS, data, engine_walk, flat, given_gradients

#: As optimizers of the catalog, and without what draws at random, which a transformation does by a seed of its own.
SPECS = ("Adam", "Lion", "RMSprop", "Adagrad", "Nesterov", "Opt1", "Opt4", "Opt7", "Opt9", "Opt10", "A1", "A5")
#: A rate at which a linear network's answers leave float32.
WILD = 3e38
SCHEDULE_FREE = Transformation(
    lambda now, _: optax.contrib.schedule_free_adamw(now.rate), optax.contrib.schedule_free_eval_params
)


def sgd(now, is_embedding):
    assert is_embedding == (False, False)
    return optax.sgd(now.rate)


def of_spec(spec):
    return Transformation(lambda now, _: graph_optimizer(spec, now.rate, total_steps=STEPS))


@cache
def linear_population(layout="map"):
    return Population(classification(initial, linear), Transformation(sgd), layout=layout)


def member(rate, seed=0, **settings):
    return Member(None, rate, **{"total_steps": 30, "warmup_steps": 3, "seed": seed, **settings})


@pytest.mark.parametrize("name", SPECS)
def test_a_spec_moves_its_members_alike_as_a_program_and_as_a_transformation(name):
    spec, layout = get(name), LAYOUTS[SPECS.index(name) % 2]
    rates = (0.05, 0.01)
    expected, _ = engine_walk([Member(spec, rate, STEPS) for rate in rates], layout)
    population = Population(given_gradients(), of_spec(spec), layout=layout)
    found = walk(population, [Member(None, rate, STEPS) for rate in rates])
    assert np.abs(np.diff(expected, axis=0)).max() > 1e-4
    np.testing.assert_allclose(found, expected, rtol=2e-5, atol=2e-6)


def walk(population, members):
    """[T, M, P] the weights after each step."""
    programs, state = population.start(members)
    found = []
    for step in range(STEPS):
        order = np.full((len(members), 1, 1), step, np.int32)
        tables = population.tables(members, range(step, step + 1))
        state, _ = population.epoch(programs, state, tables, data(), order)
        found.append(np.asarray(state.weight))
    return np.stack(found)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_training_is_that_of_the_same_optimizer_as_a_spec(layout):
    """The same weights, batches and rates, and the same step of failure: gradient descent in both forms."""
    rates = (0.5, 0.1, WILD, 0.02)
    specs = Population(classification(initial, linear), layout=layout)
    expected = train_members(
        specs, [Member(from_text("None ~ g"), rate, 30, 3, seed=seed) for seed, rate in enumerate(rates)], EXAMPLES, 3
    )
    found = train_members(
        linear_population(layout), [member(rate, seed) for seed, rate in enumerate(rates)], EXAMPLES, 3
    )
    assert [training.diverged_at is None for training in found] == [True, True, False, True]
    for one, other in zip(found, expected, strict=True):
        assert (one.steps, one.diverged_at, one.cut) == (other.steps, other.diverged_at, other.cut)
        np.testing.assert_allclose(one.curve.train_loss, other.curve.train_loss, rtol=1e-5)
        np.testing.assert_allclose(one.curve.validation_accuracy, other.curve.validation_accuracy, atol=1e-6)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_member_that_fails_leaves_its_neighbours_as_they_were(layout):
    """In one epoch: after it, vectorised ones are packed into another size, which rounds otherwise."""
    population = linear_population(layout)
    fine = train_members(population, [member(0.5), member(0.1, 2), member(0.1, 1)], EXAMPLES, 1, largest=4)
    mixed = train_members(population, [member(0.5), member(WILD, 2), member(0.1, 1)], EXAMPLES, 1, largest=4)
    assert mixed[1].diverged_at is not None
    assert [mixed[0], mixed[2]] == [fine[0], fine[2]]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_another_rate_seed_length_or_factor_compiles_nothing(layout):
    population = Population(classification(initial, linear), Transformation(sgd), layout=layout)

    def train(members):
        return train_members(population, members, EXAMPLES, 1, largest=2, cores=1)

    with compilations() as cold:
        train([member(0.5), member(0.1, 1)])
    factor = get("Opt4").schedule
    assert factor is not None
    with compilations() as warm:
        train([member(0.2, 3), member(0.3, 4)])
        train([member(0.2, 5, total_steps=77, warmup_steps=9, hold_steps=4), member(0.1, 6, factor=factor)])
    assert len(cold) >= 2
    assert warm == []


def test_what_becomes_of_a_member_does_not_depend_on_cores_or_company():
    members = [member(rate, seed) for seed in range(4) for rate in (0.01, WILD, 0.1)]
    population = Population(classification(initial, linear), SCHEDULE_FREE, layout="map")
    alone, *others = (
        train_members(population, members, EXAMPLES, 3, largest=largest, cores=cores)
        for largest, cores in ((8, 1), (8, 2), (2, 4), (1, 1))
    )
    assert sum(training.diverged_at is not None for training in alone) == 4
    for trainings in others:
        assert trainings == alone


def test_members_are_measured_where_the_transformation_says():
    """Steps on z at a constant rate, the mean x of all z so far: gradient descent as Defazio et al. write it."""
    free = Transformation(
        lambda now, _: optax.contrib.schedule_free(optax.sgd(now.rate), now.rate, b1=0.9),
        optax.contrib.schedule_free_eval_params,
    )
    population = Population(given_gradients(), free, layout="map")
    members = [Member(None, 0.05, STEPS, hold_steps=STEPS - 1), Member(None, 0.01, STEPS, hold_steps=STEPS - 1)]
    programs, state = population.start(members)
    state, _ = population.epoch(programs, state, population.tables(members, range(STEPS)), data(), IN_TURN)
    measured = population.to_measure(state, data(), IN_TURN[:, :2])
    gradients = np.stack([flat(step) for step in zip(*data(), strict=True)]).astype(np.float64)
    first = flat(given_gradients().initial(None)[0])
    for number, rate in enumerate((0.05, 0.01)):
        z = first - rate * np.cumsum(gradients, axis=0)
        mean = z.mean(axis=0)
        np.testing.assert_allclose(measured.weight[number], mean, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(state.weight[number], 0.1 * z[-1] + 0.9 * mean, rtol=1e-4, atol=1e-5)


def normalised(parameters, statistics, inputs, key):
    """Batch normalisation of what a matrix gives; a running mean that keeps half at each step."""
    hidden = inputs @ parameters[0]
    mean = hidden.mean(0) if key is not None else statistics[0]
    moved = 0.5 * statistics[0] + 0.5 * hidden.mean(0)
    return hidden - mean + parameters[1], (moved,) if key is not None else statistics


def with_statistics(generator):
    parameters, _ = initial(generator)
    return parameters, (np.zeros(3, np.float32),)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_running_statistics_are_those_of_the_weights_that_are_measured(layout):
    population = Population(classification(with_statistics, normalised), SCHEDULE_FREE, layout=layout)
    members = [member(0.3), member(WILD, 1)]
    programs, state = population.start(members)
    orders = np.arange(160, dtype=np.int32).reshape(1, 10, 16).repeat(2, axis=0)
    state, _ = population.epoch(programs, state, population.tables(members, range(10)), EXAMPLES.train, orders)
    measured = population.to_measure(state, EXAMPLES.train, orders[:, :4])
    kernel = np.asarray(measured.weight[0])[:12].reshape(4, 3)
    expected = np.asarray(state.statistics[0][0])
    for order in orders[0, :4]:
        expected = 0.5 * expected + 0.5 * (EXAMPLES.train[0][order] @ kernel).mean(0)
    np.testing.assert_allclose(measured.statistics[0][0], expected, rtol=1e-4, atol=1e-6)
    assert not np.allclose(expected, state.statistics[0][0], rtol=1e-3)
    assert np.isnan(population.evaluate(measured, EXAMPLES.validation).loss[1])
    assert np.isfinite(population.evaluate(measured, EXAMPLES.validation).loss[0])


def test_vectorised_and_packed_members_are_measured_as_mapped_ones():
    members = [member(0.1), member(WILD, 1), member(0.05, 2), member(0.01, 3), member(0.02, 4)]
    mapped, vectorised = (
        train_members(
            Population(classification(with_statistics, normalised), SCHEDULE_FREE, layout=layout), members, EXAMPLES, 3,
            go_on=lambda one, _: one.seed != 2,
        )
        for layout in LAYOUTS
    )  # fmt: skip
    assert [training.cut for training in mapped] == [False, False, True, False, False]
    for one, other in zip(mapped, vectorised, strict=True):
        assert (one.diverged_at, one.cut, one.steps) == (other.diverged_at, other.cut, other.steps)
        np.testing.assert_allclose(one.curve.validation_loss, other.curve.validation_loss, rtol=1e-4)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_an_epoch_keeps_every_type_and_waits_for_no_host(layout):
    population = Population(given_gradients(), SCHEDULE_FREE, layout=layout)
    members = [member(0.1), member(0.2, 1)]
    programs, state = population.start(members)
    before = jax.tree.map(lambda array: (array.shape, array.dtype), state)
    tables = population.tables(members, range(STEPS))
    program = str(jax.make_jaxpr(population._epoch_of_all)(state, programs, tables, data(), IN_TURN))
    assert all(kind not in program for kind in ("f64", "i64", "bf16", "f16", "callback"))
    with jax.transfer_guard("disallow"):
        state, _ = population.epoch(programs, state, tables, data(), IN_TURN)
    assert jax.tree.map(lambda array: (array.shape, array.dtype), state) == before


def test_members_and_populations_that_do_not_fit_are_told_apart():
    with pytest.raises(ValueError, match=r"member 1 has the spec None ~ g and its population moves members by a tran"):
        linear_population().start([member(0.1), Member(from_text("None ~ g"), 0.1, 30)])
    with pytest.raises(ValueError, match="has no spec: its population is to be made with a transformation"):
        Population(classification(initial, linear)).start([member(0.1)])


def test_what_a_member_takes_of_the_memory_counts_what_its_transformation_keeps():
    needs = []
    for make in (optax.sgd, optax.adam):
        transformation = Transformation(lambda now, _, make=make: make(now.rate))
        population = Population(classification(initial, linear), transformation, layout="map")
        needs.append(population.bytes_per_member(EXAMPLES.train, 16))
    assert needs[1] - needs[0] == 2 * 15 * 4 + 4
