"""Memory: the batch is chosen from what is free, and halved where a device refuses it."""

import resource
import sys
import warnings
from functools import cache
from pathlib import Path

import jax
import numpy as np
import pytest

from paper_optimizers import get
from reproduce.errors import ReproduceWarning
from reproduce.population.assembly import Member
from reproduce.population.device import (
    OutOfMemoryError,
    available_bytes,
    give_back_freed,
    is_out_of_memory,
    members_that_fit,
)
from reproduce.population.engine import Population
from reproduce.population.problems import classification
from reproduce.population.waves import Examples, train_members

CLASSES = 3


def initial(generator):
    return (generator.normal(0, 0.1, (4, CLASSES)).astype(np.float32), np.zeros(CLASSES, np.float32)), ()


def linear(parameters, statistics, inputs, key):
    return inputs @ parameters[0] + parameters[1], statistics


def part(count, seed):
    random = np.random.default_rng(seed)
    return random.normal(size=(count, 4)).astype(np.float32), random.integers(0, CLASSES, count).astype(np.int32)


def resident() -> int:
    """The bytes of this process that lie in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


EXAMPLES = Examples(part(64, 0), part(32, 1), batch_size=16, steps_per_epoch=4)
MEMBERS = [Member(get("SGD"), 0.1, 8, seed=seed) for seed in range(7)]


@cache
def population():
    """One for all tests, so that each number of members is compiled once."""
    return Population(classification(initial, linear))


class SmallDevice:
    """The population on a device that refuses more than it holds."""

    def __init__(self, holds, message="RESOURCE_EXHAUSTED: Out of memory while trying to allocate 99 bytes."):
        self._holds, self.message, self.asked = holds, message, []
        self.room = None

    def __getattr__(self, name):
        return getattr(population(), name)

    def epoch(self, programs, state, tables, data, orders):
        self.asked.append(len(orders))
        if len(orders) > self._holds:
            raise jax.errors.JaxRuntimeError(self.message)
        return population().epoch(programs, state, tables, data, orders)


def test_a_batch_that_does_not_fit_is_halved_until_it_does_and_nothing_else_changes():
    device = SmallDevice(2)
    with pytest.warns(ReproduceWarning) as warned:
        trainings = train_members(device, MEMBERS, EXAMPLES, 2, largest=8, cores=1)
    expected = train_members(population(), MEMBERS, EXAMPLES, 2, largest=1)
    assert [training.curve.train_loss for training in trainings] == [training.curve.train_loss for training in expected]
    assert device.asked[:3] == [8, 4, 2]
    assert max(device.asked[2:]) == 2
    assert [str(each.message) for each in warned] == [
        "the device's memory does not hold 8 networks at once: going on with 4",
        "the device's memory does not hold 4 networks at once: going on with 2",
    ]


def test_cores_that_are_refused_at_the_same_time_go_on_with_fewer_each():
    device = SmallDevice(2)
    with pytest.warns(ReproduceWarning, match="going on with"):
        trainings = train_members(device, 6 * MEMBERS, EXAMPLES, 1, largest=8, cores=2)
    expected = train_members(population(), MEMBERS, EXAMPLES, 1, largest=1)
    assert [each.curve.train_loss for each in trainings] == 6 * [each.curve.train_loss for each in expected]
    assert device.room == 2


def test_one_member_that_does_not_fit_is_an_error_in_words():
    with (
        pytest.warns(ReproduceWarning, match="going on with"),
        pytest.raises(OutOfMemoryError, match="does not hold one network of 15 parameters"),
    ):
        train_members(SmallDevice(0), MEMBERS[:1], EXAMPLES, 1, largest=4)


def test_other_errors_of_the_device_are_not_taken_for_want_of_memory():
    with pytest.raises(jax.errors.JaxRuntimeError, match="INTERNAL"):
        train_members(SmallDevice(0, "INTERNAL: something else"), MEMBERS, EXAMPLES, 1, largest=4)


def test_what_fits_follows_from_what_is_free():
    assert members_that_fit(1000, 1_000_000) == 750
    assert members_that_fit(10**9, 1000) == 1
    assert 10**6 < available_bytes() < 10**14


class Card:
    """A device that reports its memory, as GPUs do and CPUs do not."""

    def __init__(self, statistics):
        self.memory_stats = lambda: statistics


@pytest.mark.parametrize(("statistics", "free"), [
    ({"bytes_limit": 80_000, "bytes_in_use": 30_000}, 50_000),
    ({"bytes_limit": 80_000}, 80_000),
])  # fmt: skip
def test_a_card_s_free_memory_is_what_it_reports(monkeypatch, statistics, free):
    monkeypatch.setattr(jax, "devices", lambda: [Card(statistics)])
    assert available_bytes() == free


@pytest.mark.parametrize("statistics", [None, {}, {"num_allocs": 3}])
def test_where_a_device_reports_none_the_machine_s_counts(monkeypatch, statistics):
    monkeypatch.setattr(jax, "devices", lambda: [Card(statistics)])
    assert 10**6 < available_bytes() < 10**14


def test_the_batch_follows_from_a_card_s_free_memory(monkeypatch):
    """Room for 3.5 members of a thousand bytes, of which three quarters are used: batches of 2, the last half idle."""
    card = Card({"bytes_limit": 5_000, "bytes_in_use": 1_500})
    monkeypatch.setattr(jax, "devices", lambda: [card])
    device = SmallDevice(99)
    device.bytes_per_member = lambda data, batch_size: 1_000
    trainings = train_members(device, MEMBERS[:5], EXAMPLES, 1, cores=1)
    assert device.asked == [2, 2, 2]
    assert len(trainings) == 5


def test_a_card_that_holds_less_than_it_reports_is_asked_for_less_and_not_again_for_more():
    device = SmallDevice(2)
    device.bytes_per_member = lambda data, batch_size: 1
    with pytest.warns(ReproduceWarning) as warned:
        trainings = train_members(device, MEMBERS, EXAMPLES, 1, cores=1)
    assert device.asked == [8, 4, 2, 2, 2, 2]
    assert len(trainings) == 7
    assert len(warned) == 2
    device.asked.clear()
    with warnings.catch_warnings(action="error"):
        train_members(device, MEMBERS[:4], EXAMPLES, 1, largest=8, cores=1)
    assert device.asked == [2, 2]


@pytest.mark.parametrize(("message", "answer"), [
    ("RESOURCE_EXHAUSTED: Out of memory while trying to allocate 12.5GiB.", True),
    ("INTERNAL: Out of memory allocating 1234 bytes for a workspace", True),
    ("INTERNAL: Failed to load in-memory CUBIN: CUDA_ERROR_OUT_OF_MEMORY: out of memory", True),
    ("INTERNAL: the library was not initialized: CUBLAS_STATUS_ALLOC_FAILED", True),
    ("INTERNAL: Autotuning failed for HLO", False),
    ("INVALID_ARGUMENT: shapes", False),
])  # fmt: skip
def test_want_of_memory_is_told_from_other_faults(message, answer):
    assert is_out_of_memory(jax.errors.JaxRuntimeError(message)) is answer


@pytest.mark.slow
def test_a_member_s_bytes_grow_with_its_network_and_in_a_row_with_its_batch():
    def population_of(layout, width):
        def wide(generator):
            return (np.zeros((4, width), np.float32), np.zeros((width, CLASSES), np.float32)), ()

        def network(parameters, statistics, inputs, key):
            return (inputs @ parameters[0]) @ parameters[1], statistics

        return Population(classification(wide, network), layout=layout)

    small, large = (population_of("map", width).bytes_per_member(EXAMPLES.train, 16) for width in (8, 800))
    # Weight, velocity, 3 averages and 6 states of 7 more numbers a unit.
    assert large - small == pytest.approx(792 * 7 * 11 * 4, rel=0.01)
    few, many = (population_of("vectorise", 800).bytes_per_member(EXAMPLES.train, batch) for batch in (1, 64))
    assert many - few > 100_000


@pytest.mark.slow
def test_the_batch_is_chosen_where_none_is_given():
    chosen = train_members(population(), MEMBERS[:3], EXAMPLES, 1)
    given = train_members(population(), MEMBERS[:3], EXAMPLES, 1, largest=2)
    assert [training.curve.train_loss for training in chosen] == [training.curve.train_loss for training in given]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_what_was_freed_goes_back_to_the_system():
    blocks = [np.ones(8_000) for _ in range(2_000)]
    last = np.ones(8_000)  # Above them all: without it the C library gives the others back by itself.
    del blocks
    held = resident()
    give_back_freed()
    assert held - resident() > 60e6
    assert last.sum() == 8_000


def test_a_c_library_that_keeps_what_was_freed_is_left_as_it_is(monkeypatch):
    monkeypatch.setattr("ctypes.CDLL", lambda name: object())
    give_back_freed()
