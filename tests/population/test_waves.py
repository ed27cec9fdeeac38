"""Waves on a small linear problem: packing, cutting short, independence of batching."""

import os
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import jax
import numpy as np
import pytest

from paper_optimizers import from_text
from reproduce.outcomes import unpack_bits
from reproduce.population.assembly import Member
from reproduce.population.engine import Population
from reproduce.population.problems import classification
from reproduce.population.waves import Examples, _Waiting, batch_sizes, train_members

ROOT = Path(__file__).resolve().parents[2]
CLASSES = 3


def initial(generator):
    return (generator.normal(0, 0.1, (4, CLASSES)).astype(np.float32), np.zeros(CLASSES, np.float32)), ()


def linear(parameters, statistics, inputs, key):
    return inputs @ parameters[0] + parameters[1], statistics


def separable(count, seed):
    random = np.random.default_rng(seed)
    labels = random.integers(0, CLASSES, count)
    inputs = random.normal(0, 0.4, (count, 4))
    inputs[np.arange(count), labels] += 1.5
    return inputs.astype(np.float32), labels.astype(np.int32)


EXAMPLES = Examples(separable(160, 1), separable(60, 2), batch_size=16, steps_per_epoch=10)


@pytest.fixture(scope="module")
def population():
    return Population(classification(initial, linear))


def member(text, rate, seed=0):
    return Member(from_text(text), rate, total_steps=30, warmup_steps=3, seed=seed)


MEMBERS = [
    member("None ~ g", 0.5),
    member("Mom ~ g", 0.1, seed=1),
    member("None ~ exp(exp(exp(exp(exp(g)))))", 1.0),
    member("None ~ -(g)", 0.1),
    member("Nest ~ sign(g)", 0.01, seed=2),
]


def test_what_becomes_of_a_member_does_not_depend_on_the_packing(population):
    reference = train_members(population, MEMBERS, EXAMPLES, 3, largest=8)
    for largest in (1, 2, 4):
        for training, expected in zip(
            train_members(population, MEMBERS, EXAMPLES, 3, largest=largest), reference, strict=True
        ):
            assert training.diverged_at == expected.diverged_at
            np.testing.assert_array_equal(training.curve.train_loss, expected.curve.train_loss)
            np.testing.assert_array_equal(training.curve.validation_accuracy, expected.curve.validation_accuracy)


def test_a_member_that_fails_is_named_with_its_step_and_the_others_go_on(population):
    trainings = train_members(population, MEMBERS, EXAMPLES, 3, largest=8)
    assert [training.diverged_at is not None for training in trainings] == [False, False, True, False, False]
    assert 0 <= trainings[2].diverged_at < 30
    assert all(len(training.curve.train_loss) == 3 for training in (trainings[0], trainings[1], trainings[4]))
    assert trainings[0].curve.validation_accuracy[-1] > 0.8


def test_members_are_cut_short_where_asked(population):
    def go_on(member, accuracies):
        return member is not MEMBERS[0]

    trainings = train_members(population, MEMBERS[:2], EXAMPLES, 3, largest=2, go_on=go_on)
    assert [training.cut for training in trainings] == [True, False]
    assert [len(training.curve.train_loss) for training in trainings] == [1, 3]
    assert [training.steps for training in trainings] == [10, 30]


class Watched:
    """A population whose epochs are noted: the lanes of each and the steps that its members have taken after it."""

    def __init__(self, population):
        self._population, self.room, self.lanes, self.steps = population, None, [], []

    def __getattr__(self, name):
        return getattr(self._population, name)

    def epoch(self, programs, state, tables, data, orders):
        state, measures = self._population.epoch(programs, state, tables, data, orders)
        self.lanes.append(len(orders))
        self.steps.append(np.asarray(state.step).tolist())
        return state, measures


def test_mapped_a_lane_without_a_member_takes_no_step(population):
    watched = Watched(population)
    members = [MEMBERS[0], MEMBERS[4], MEMBERS[1]]
    train_members(watched, members, EXAMPLES, 3, largest=8, go_on=lambda member, _: member is not MEMBERS[0], cores=1)
    assert watched.lanes == [8, 8, 8]
    assert watched.steps == [[10, steps, steps, 0, 0, 0, 0, 0] for steps in (10, 20, 30)]


def lowered_by(engine):
    """What an engine compiles from now on."""
    lowered = []

    class Noted:
        def __init__(self, function):
            self.lower = lambda *given: lowered.append(function) or function.lower(*given)

    engine._epoch, engine._evaluate = Noted(engine._epoch), Noted(engine._evaluate)
    return lowered


@pytest.mark.parametrize("largest", [8, None])
def test_mapped_lists_of_any_length_share_a_compilation(largest):
    """One of an epoch and one of an evaluation, and none to find out how many members the memory holds."""
    engine = Population(classification(initial, linear), layout="map")
    lowered = lowered_by(engine)
    for count in (5, 3, 2, 1):
        train_members(engine, MEMBERS[:count], EXAMPLES, 1, largest=largest)
    assert len(lowered) == len(engine._compiled) == 2


def test_what_becomes_of_a_member_does_not_depend_on_the_cores(population):
    members = [
        member(text, 0.05, seed) for seed in range(4) for text in ("None ~ g", "Mom ~ drop(g, 0.5)", "None ~ -(g)")
    ]
    alone, *others = (
        train_members(population, members, EXAMPLES, 3, largest=8, cores=cores, go_on=lambda one, _: one.seed != 2)
        for cores in (1, 2, 4)
    )
    assert sum(training.cut for training in alone) >= 2
    for trainings in others:
        assert trainings == alone


def test_each_core_trains_members_of_its_own_at_the_same_time(population):
    """Both are in an epoch at once, or the barrier breaks; and a list of two keeps both."""
    watched, both = Watched(population), threading.Barrier(2, timeout=60)
    epoch = watched.epoch
    watched.epoch = lambda *given: both.wait() + 1 and epoch(*given)
    trainings = train_members(watched, MEMBERS[:2], EXAMPLES, 3, largest=8, cores=2)
    assert [len(training.curve.train_loss) for training in trainings] == [3, 3]


def test_cores_that_need_the_same_program_compile_it_once():
    engine = Population(classification(initial, linear), layout="map")
    lowered = lowered_by(engine)
    train_members(engine, 4 * MEMBERS, EXAMPLES, 1, largest=2, cores=4)
    assert len(lowered) == 2


def test_what_one_core_raises_ends_the_others(population):
    """No batch is begun after it, of the hundred that wait."""
    watched = Watched(population)
    epoch, asked = watched.epoch, []

    def failing(programs, state, tables, data, orders):
        asked.append(len(orders))
        if len(asked) == 5:
            raise ArithmeticError("the fifth")
        return epoch(programs, state, tables, data, orders)

    watched.epoch = failing
    with pytest.raises(ArithmeticError, match="the fifth"):
        train_members(watched, 100 * MEMBERS[:1], EXAMPLES, 2, largest=1, cores=2)
    assert len(asked) < 10


def test_batches_shrink_towards_the_end_and_hold_every_member_once():
    waiting = _Waiting(40, 8, 2)
    first = waiting.take()
    waiting.give_back(first, 4)
    taken = [first[:0], *iter(waiting.take, None)]
    sizes = [len(batch) for batch in taken[1:]]
    assert sorted(number for batch in taken for number in batch) == list(range(40))
    assert sizes == sorted(sizes, reverse=True)
    assert (sizes[0], sizes[-1]) == (4, 1)
    waiting = _Waiting(9, 4, 1)
    assert [len(batch) for batch in iter(waiting.take, None)] == [4, 4, 1]


PROCESS = """
import hashlib
from reproduce.libraries import enter_known_state, num_threads
enter_known_state()
import numpy as np
from paper_optimizers import get
from reproduce.population.assembly import Member
from reproduce.population.engine import Population
from reproduce.population.networks.convnet import ConvNet
from reproduce.population.problems import classification
from reproduce.outcomes import unpack_bits
from reproduce.population.waves import Examples, train_members
network, random = ConvNet(4, 3, 10, scale=1.0), np.random.default_rng(0)
part = random.random((192, 16, 16, 3), np.float32), random.integers(0, 10, 192).astype(np.int32)
members = [Member(get(name), 0.01, 6, seed=seed) for seed in (0, 1) for name in ("Adam", "Opt4")]
population = Population(classification(network.initial, network.apply))
trainings = train_members(population, members, Examples(part, part, 64, 3), 2)
print(num_threads(), hashlib.sha256(repr(trainings).encode()).hexdigest())
"""


@pytest.mark.slow
def test_a_process_of_any_number_of_threads_trains_the_same_bits(tmp_path):
    """The surrogate, with products that are large enough to be divided among threads."""
    found = {}
    for threads in (1, 2, 4):
        begin = f"import reproduce.libraries\nreproduce.libraries.usable_cores = lambda: {threads}\n"
        given = {**os.environ, "PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(tmp_path)}
        done = subprocess.run(
            [sys.executable, "-c", begin + PROCESS], env=given, capture_output=True, text=True, check=True
        )
        count, digest = done.stdout.split()
        assert int(count) == threads
        found[threads] = digest
    assert found[1] == found[2] == found[4]


def test_vectorised_members_are_packed_and_end_as_mapped_ones(population):
    """Of five in eight lanes one fails and one is cut: the others need four."""
    engine = Watched(Population(classification(initial, linear), layout="vectorise"))
    ends = [
        train_members(each, MEMBERS, EXAMPLES, 3, largest=8, go_on=lambda member, _: member is not MEMBERS[1])
        for each in (engine, population)
    ]
    assert engine.lanes == [8, 4, 4]
    for vectorised, mapped in zip(*ends, strict=True):
        assert (vectorised.diverged_at, vectorised.cut) == (mapped.diverged_at, mapped.cut)
        np.testing.assert_allclose(vectorised.curve.train_loss, mapped.curve.train_loss, rtol=1e-4)
    assert [training.cut for training in ends[0]] == [False, True, False, False, False]


def test_train_accuracy_counts_every_example_trained_on(population):
    (training,) = train_members(population, [member("None ~ (1)-(1)", 0.1)], EXAMPLES, 1, largest=1)
    inputs, labels = EXAMPLES.train
    (kernel, _), _ = initial(np.random.default_rng([0, 0]))
    stream = EXAMPLES.batches(0)
    seen = np.concatenate([next(stream) for _ in range(EXAMPLES.steps_per_epoch)])
    expected = np.mean((inputs[seen] @ kernel).argmax(-1) == labels[seen])
    assert training.curve.train_accuracy == (pytest.approx(expected),)


def test_data_are_put_on_the_device_once_for_all_batches_and_epochs(population, monkeypatch):
    seen = []
    epoch, evaluate = population.epoch, population.evaluate
    monkeypatch.setattr(population, "epoch", lambda *given: seen.append(given[3]) or epoch(*given))
    monkeypatch.setattr(population, "evaluate", lambda *given: seen.append(given[1]) or evaluate(*given))
    train_members(population, MEMBERS[:2], EXAMPLES, 3, largest=1, cores=1)
    assert len(seen) == 2 * 2 * 3
    assert all(isinstance(array, jax.Array) for data in seen for array in data)
    assert {id(data) for data in seen[::2]} == {id(seen[0])}
    assert {id(data) for data in seen[1::2]} == {id(seen[1])}


def test_members_draw_their_own_examples_where_not_all_are_asked_for():
    few = replace(EXAMPLES, drawn=32)
    streams = [few.batches(seed) for seed in (0, 1)]
    seen = [set(np.concatenate([next(stream) for _ in range(6)])) for stream in streams]
    assert [len(each) for each in seen] == [32, 32]
    assert seen[0] != seen[1]


def test_right_answers_of_the_test_are_kept_image_by_image(population):
    test = EXAMPLES.validation
    (training,) = train_members(population, MEMBERS[:1], replace(EXAMPLES, test=test), 1, largest=1)
    right = unpack_bits(training.test_correct, len(test[1]))
    assert 0 < right.sum() < len(right)
    assert training.test_accuracy == right.mean()


def test_sizes():
    assert batch_sizes(1) == (1,)
    assert batch_sizes(20) == (1, 2, 4, 8, 16)
    with pytest.raises(ValueError, match="at least 1 member"):
        batch_sizes(0)
