"""The engine: one compilation for every list of one size, failures as outcomes, members apart from each other."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from paper_optimizers import from_text, get
from reproduce.population.assembly import Capacity, Member
from reproduce.population.engine import Population
from reproduce.population.interpreter import Specs
from tests.population.walks import GRADIENTS, SHAPES, STEPS, data, engine_walk, given_gradients, population_of

LAYOUTS = ("map", "vectorise")
#: The batches of two members that take all steps in one epoch.
IN_TURN = np.arange(STEPS, dtype=np.int32).reshape(1, STEPS, 1).repeat(2, axis=0)


def member(text, rate=0.01, seed=0):
    return Member(from_text(text), rate, STEPS, seed=seed)


@contextmanager
def compilations() -> Iterator[list[str]]:
    """Names of the events of JAX in which something was compiled."""
    events: list[str] = []

    def listen(event: str, duration: float, **labels: object) -> None:
        del duration, labels
        if "backend_compile" in event:
            events.append(event)

    jax.monitoring.register_event_duration_secs_listener(listen)
    try:
        yield events
    finally:
        jax.monitoring.unregister_event_duration_listener(listen)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_another_list_of_the_same_size_compiles_nothing(layout):
    first = [member("None ~ g"), member("Mom ~ tanh(v hat)"), member("Nest ~ drop(g, 0.5)")]
    second = [
        member("Nest ~ expMovAvg([a1][norm((g) / (s hat))])", 0.1, seed=4),
        Member(get("Opt4"), 0.3, 77, warmup_steps=5, hold_steps=2, seed=9),
        Member(get("Lion"), 1e-3, 40, seed=1),
    ]
    with compilations() as cold:
        engine_walk(first, layout)
    with compilations() as warm:
        engine_walk(second, layout)
    assert cold
    assert warm == []


@pytest.mark.parametrize("layout", LAYOUTS)
def test_numbers_are_those_of_a_plain_process_whatever_its_jax_is_set_to(layout):
    members = [member("Mom ~ drop(g, 0.5)"), member("Nest ~ expMovAvg([a1][norm((g) / (s hat))])", 0.1, seed=4)]
    plain = engine_walk(members, layout)
    with (
        jax.enable_x64(True),
        jax.default_prng_impl("rbg"),
        jax.threefry_partitionable(False),
        jax.numpy_dtype_promotion("strict"),
        jax.numpy_rank_promotion("raise"),
        jax.default_matmul_precision("bfloat16"),
        jax.debug_nans(True),
    ):
        found = engine_walk(members, layout)
    for mine, expected in zip(found, plain, strict=True):
        assert mine.dtype == expected.dtype
        np.testing.assert_array_equal(mine, expected)


FAILING = {
    "in the first step": ("None ~ exp(exp(exp(exp(exp(1)))))", 0),
    "when the weights overflow": ("None ~ exp(exp(exp(exp(g))))", None),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("case", FAILING)
def test_a_member_that_fails_leaves_its_neighbours_as_they_were(layout, case):
    text, step = FAILING[case]
    fine = [member("Mom ~ g"), member("None ~ norm(v hat)", seed=2), member("Nest ~ drop(g, 0.3)", seed=3)]
    walks, failed = engine_walk([fine[0], member(text, 1.0), *fine[1:]], layout)
    among_itself, none_failed = engine_walk([fine[0], fine[0], *fine[1:]], layout)
    assert failed[1] >= 0
    assert step is None or failed[1] == step
    assert (np.delete(failed, 1) == -1).all()
    assert (none_failed == -1).all()
    np.testing.assert_array_equal(np.delete(walks, 1, axis=1), np.delete(among_itself, 1, axis=1))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_after_a_failure_measures_say_so_and_a_mapped_member_stands_still(layout):
    population = population_of(layout)
    members = [member("None ~ g"), member("None ~ exp(exp(exp(exp(exp(1)))))", 1.0)]
    programs, state = population.start(members)
    state, measures = population.epoch(programs, state, population.tables(members, range(STEPS)), data(), IN_TURN)
    assert np.isfinite(measures.loss[0]).all()
    assert np.isnan(measures.loss[1]).all()
    assert state.failed_at.tolist() == [-1, 0]
    assert state.step.tolist() == ([STEPS, 1] if layout == "map" else [STEPS, STEPS])
    evaluation = population.evaluate(state, data(), batch_size=5)
    assert np.isfinite(evaluation.loss[0])
    assert np.isnan(evaluation.loss[1])
    assert np.isnan(evaluation.accuracy[1])


@pytest.mark.parametrize("layout", LAYOUTS)
def test_an_epoch_neither_waits_for_the_host_nor_computes_in_float64(layout):
    """Its arguments are put on the device once and its measures fetched once; nothing is asked for in between."""
    population, members = population_of(layout), [member("None ~ g"), member("Nest ~ drop(v hat, 0.5)", seed=1)]
    programs, state = population.start(members)
    arguments = programs, population.tables(members, range(STEPS)), data(), IN_TURN
    program = str(jax.make_jaxpr(population._epoch_of_all)(state, *arguments))
    assert re.findall(r"f64|i64|callback|infeed|outfeed", program) == []
    assert "f32" in program
    with jax.transfer_guard("disallow"):
        state, measures = population.epoch(programs, state, *arguments[1:])
    assert np.isfinite(measures.loss).all()
    with jax.transfer_guard("disallow"), pytest.raises(jax.errors.JaxRuntimeError, match="Disallowed host-to-device"):
        population._epoch(state, programs, *arguments[1:])


@pytest.mark.parametrize(
    ("layout", "floats", "count", "together"),
    [
        ("map", None, 2048, 64),
        ("map", None, 269, 64),
        ("map", 1, 2048, 128),
        ("map", 1, 269, 96),
        ("map", 1, 130, 80),
        ("map", 1, 50, 64),
        ("map", 27_648, 256, 32),
        ("map", 10**7, 256, 16),
        ("vectorise", 1, 2048, 512),
        ("vectorise", None, 269, 272),
    ],
)
def test_examples_evaluated_together_fill_a_cache_with_little_padding(layout, floats, count, together):
    prepare = None if floats is None else lambda batch: (jnp.zeros((len(batch[0]), floats)),)
    population = Population(replace(given_gradients(), prepare=prepare), layout=layout)
    assert population._evaluated_together((np.zeros((count, 3)),)) == together


def test_memory_is_given_back_after_every_compilation_and_no_other_call(monkeypatch):
    given = []
    monkeypatch.setattr("reproduce.population.engine.give_back_freed", lambda: given.append(True))
    population = Population(given_gradients(), layout="map")
    _, state = population.start([member("None ~ g")])
    for calls, size in ((1, 5), (1, 5), (2, 4)):
        population.evaluate(state, data(), batch_size=size)
        assert len(given) == calls


def test_evaluation_ignores_its_padding():
    population = population_of("map")
    _, state = population.start([member("None ~ g")])
    whole, parts = (population.evaluate(state, data(), batch_size=size).loss for size in (STEPS, 5))
    weights = np.asarray(state.weight[0], np.float64)
    expected = np.mean([weights @ np.concatenate([array.ravel() for array in step]) for step in GRADIENTS])
    np.testing.assert_allclose(whole, expected, rtol=1e-5)
    np.testing.assert_allclose(parts, whole, rtol=1e-5)


def test_an_evaluation_of_no_examples_is_refused():
    population = population_of("map")
    _, state = population.start([member("None ~ g")])
    with pytest.raises(ValueError, match=r"^data has no examples.*pass at least one$"):
        population.evaluate(state, tuple(array[:0] for array in data()))


def test_steps_may_be_split_over_epochs_as_one_likes():
    """In one, or in twelve of a step each, among other members."""
    members = [member("Nest ~ deltaChange(drop(g, 0.5))", seed=3), Member(get("Opt4"), 0.01, STEPS, 2, seed=1)]
    population = population_of("map")
    programs, state = population.start(members)
    whole, _ = population.epoch(programs, state, population.tables(members, range(STEPS)), data(), IN_TURN)
    stepwise, _ = engine_walk([*members, member("None ~ g"), member("Mom ~ g")], "map")
    np.testing.assert_array_equal(whole.weight, stepwise[-1, :2])


def test_a_member_beyond_the_capacity_is_named():
    population = Population(given_gradients(), Specs(Capacity(instructions=2)))
    with pytest.raises(ValueError, match=r"member 1 needs 4 instructions .* Capacity\(instructions=4\)"):
        population.start([member("None ~ tanh(g)"), member("None ~ tanh((g)+(v hat))")])


def test_training_can_go_on_from_given_weights():
    first = {seed: (tuple(np.full(shape, seed, np.float32) for shape in SHAPES), ()) for seed in (3, 4)}
    programs, state = population_of("map").start([member("None ~ g", seed=3), member("None ~ g", seed=4)], first.get)
    np.testing.assert_array_equal(state.weight, [[3.0] * 19, [4.0] * 19])
    assert programs[1].operands.tolist() == [1, 1]


@cache
def noisy():
    return Population(given_gradients(), gradient_noise=0.5)


def first_steps(engine, text):
    """[64, P] what a step at rate 1 takes from the weights, for 64 seeds."""
    members = [member(text, 1.0, seed=seed) for seed in range(64)]
    programs, state = engine.start(members)
    first = np.asarray(state.weight, np.float64)
    state, _ = engine.epoch(programs, state, engine.tables(members, range(1)), data(), np.zeros((64, 1, 1), np.int32))
    return first - np.asarray(state.weight, np.float64)


def test_gradient_noise_has_the_size_asked_for_in_each_tensor():
    """SGD at rate 1: what a step differs by from one without noise is the noise."""
    steps = [first_steps(engine, "None ~ g") for engine in (noisy(), noisy(), population_of("map"))]
    noise = steps[0] - steps[2]
    np.testing.assert_array_equal(steps[0], steps[1])
    assert len(np.unique(noise, axis=0)) == 64
    ends = np.cumsum([0, *(int(np.prod(shape)) for shape in SHAPES)])
    for tensor, gradient in enumerate(GRADIENTS[0]):
        part = noise[:, ends[tensor] : ends[tensor + 1]]
        assert part.std() == pytest.approx(0.5 * np.sqrt(np.mean(gradient**2)), rel=0.15)
        assert abs(part.mean()) < 0.1 * part.std()


def test_gradient_noise_leaves_the_masks_of_an_optimizer_as_they_are():
    somewhere = np.concatenate([np.ravel(gradient) for gradient in GRADIENTS[0]]) != 0
    with_noise, without = (
        first_steps(engine, "None ~ drop(g, 0.5)")[:, somewhere] != 0 for engine in (noisy(), population_of("map"))
    )
    np.testing.assert_array_equal(with_noise, without)
    assert 0.4 < without.mean() < 0.6
