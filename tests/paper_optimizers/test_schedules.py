"""Learning-rate schedules and momentum: exact values, the ends of the run and beyond, and what is refused."""

import keras
import numpy as np
import pytest

import paper_optimizers as po
from paper_optimizers.expressions import apply, leaf, to_graph
from paper_optimizers.namespaces import NUMPY
from paper_optimizers.one_cycle import one_cycle_phase
from tests.paper_optimizers.formulas import SCHEDULES, base_rates, curves, one_cycle

PHASES = [(1, 0, 0), (2, 1, 0), (7, 2, 0), (7, 0, 3), (40, 5, 8), (100, 10, 0), (100, 99, 0), (100, 0, 99)]


def called(schedule: po.WarmupHoldCosine, steps: object) -> list[float]:
    return [float(keras.ops.convert_to_numpy(schedule(step))) for step in steps]


def test_exact_values() -> None:
    schedule = po.WarmupHoldCosine(0.8, total_steps=20, warmup_steps=4, hold_steps=8)
    assert called(schedule, (0, 1, 2, 3)) == pytest.approx([0.0, 0.2, 0.4, 0.6], abs=1e-7)
    assert called(schedule, range(4, 13)) == pytest.approx([0.8] * 9, abs=1e-7)
    # Half a cosine over the eight steps from 12: three quarters of the way down it is (1 + cos(3 pi / 4)) / 2.
    assert called(schedule, (14, 16, 18)) == pytest.approx([0.68284271, 0.4, 0.11715729], abs=1e-7)


@pytest.mark.parametrize("phases", PHASES)
def test_every_step(phases: tuple[int, int, int]) -> None:
    schedule = po.WarmupHoldCosine(0.3, *phases)
    expected = base_rates(0.3, *phases)
    np.testing.assert_allclose(called(schedule, range(phases[0])), expected, rtol=0, atol=1e-7)
    np.testing.assert_allclose(schedule.values(np.arange(phases[0])), expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("phases", PHASES)
@pytest.mark.parametrize("name", ["base", *SCHEDULES])
def test_past_the_end_the_last_value_holds(name: str, phases: tuple[int, int, int]) -> None:
    total = phases[0]
    schedule = po.WarmupHoldCosine(0.3, *phases) if name == "base" else po.EvolvedSchedule(name, 0.3, *phases)
    values = schedule.values(np.array([total - 1, total, total + 1, 10 * total, 2**31 - 1]))
    assert len(set(values)) == 1
    assert len(set(called(schedule, (total - 1, total, 10 * total)))) == 1


@pytest.mark.parametrize("phases", PHASES)
@pytest.mark.parametrize("name", SCHEDULES)
def test_evolved_schedules(name: str, phases: tuple[int, int, int]) -> None:
    schedule = po.EvolvedSchedule(name, 0.3, *phases)
    rates = base_rates(0.3, *phases)
    expected = [1e-7, *(rates[t] * SCHEDULES[name](curves(t, phases[0])) for t in range(1, phases[0]))]
    np.testing.assert_allclose(schedule.values(np.arange(phases[0])), expected, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(called(schedule, range(min(phases[0], 40))), expected[:40], rtol=2e-5, atol=1e-7)


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("total", [1, 2, 3, 10, 99, 100, 12345])
def test_rates_are_finite_and_of_a_sane_size(name: str, total: int) -> None:
    """LR8 divides by a root of a12, which is 0 at step 0 and small after it: its factor grows like the root of T."""
    for warmup in {0, total // 10}:
        values = po.EvolvedSchedule(name, 1.0, total, warmup).values(np.arange(total + 3))
        assert np.isfinite(values).all()
        assert (values >= 0).all()
        assert values.max() < max(4.0, total**0.5)


def test_step_may_be_anything_that_counts() -> None:
    schedule = po.EvolvedSchedule("LR1", 0.1, 100, 10)
    expected = schedule.values(np.array([37]))[0]
    for step in (37, 37.0, np.int64(37), np.float32(37), keras.ops.convert_to_tensor(37), keras.Variable(37)):
        assert float(keras.ops.convert_to_numpy(schedule(step))) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("schedule", [po.WarmupHoldCosine(0.8, 20, 4), po.EvolvedSchedule("LR1", 0.8, 20, 4)])
def test_before_the_first_step_and_after_the_last_the_rate_holds(schedule: po.WarmupHoldCosine) -> None:
    first, last = schedule.values([0, 19])
    far = [
        2**31 - 1,
        2**31,
        2**32,
        2**63,
        2**70,
        1e300,
        float("inf"),
        np.int64(2**31),
        np.uint64(2**63),
        np.float32(1e12),
    ]
    before = [-1, -3, -(2**31) - 1, -(2**70), -0.5, float("-inf"), np.int64(-(2**40)), np.int8(-128)]
    assert called(schedule, far) == pytest.approx([last] * len(far), abs=1e-7)
    assert called(schedule, before) == pytest.approx([first] * len(before), abs=1e-7)
    np.testing.assert_array_equal(schedule.values(np.array(far, object)), [last] * len(far))
    np.testing.assert_array_equal(schedule.values(before), [first] * len(before))
    tensors = [keras.ops.cast(2.0**25, dtype) for dtype in ("int32", "int64", "uint32", "bfloat16", "float32")]
    tensors += [keras.ops.cast(100, dtype) for dtype in ("int8", "uint8", "int16", "float16")]
    assert called(schedule, tensors) == pytest.approx([last] * len(tensors), abs=1e-7)
    with pytest.raises(ValueError, match="step must be a number; received nan"):
        schedule(float("nan"))


def test_a_step_of_few_bits_is_not_held_at_what_they_can_say() -> None:
    schedule = po.WarmupHoldCosine(1.0, 2**30)
    for dtype in ("int8", "uint8", "int16", "float16", "int32"):
        assert called(schedule, [keras.ops.cast(100, dtype)]) == pytest.approx([1.0])
    middle = 2**29 + 1
    assert called(schedule, [middle, keras.ops.convert_to_tensor(middle), float(middle)]) == pytest.approx([0.5] * 3)


@pytest.mark.skipif(keras.backend.backend() == "jax", reason="JAX counts in 32 bits")
def test_a_wide_tensor_is_held_before_it_is_narrowed() -> None:
    schedule = po.WarmupHoldCosine(0.8, 20, 4)
    steps = [keras.ops.convert_to_tensor(step) for step in (2**31, 2**40, -(2**40))]
    assert called(schedule, steps) == pytest.approx([*schedule.values([19, 19]), 0.0], abs=1e-7)


def test_a_factor_may_be_a_graph() -> None:
    factor = to_graph(apply("add", leaf("linear_decay"), leaf("constant", value=0.5)), "decay")
    schedule = po.EvolvedSchedule(factor, 2.0, 10)
    assert schedule.values(np.array([5]))[0] == pytest.approx(2.0 * 0.5 * (0.5 + 0.5))
    revived = po.EvolvedSchedule.from_config(schedule.get_config())
    np.testing.assert_array_equal(revived.values(np.arange(10)), schedule.values(np.arange(10)))
    with pytest.raises(ValueError, match="kind 'decay'"):
        po.EvolvedSchedule(to_graph(leaf("gradient")), 1.0, 10)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0.0, 10), "peak must be a positive"),
        ((-1.0, 10), "peak must be a positive"),
        ((float("nan"), 10), "peak must be a positive"),
        ((float("inf"), 10), "peak must be a positive"),
        ((True, 10), "peak must be a positive"),
        (("fast", 10), "peak must be a positive"),
        ((0.1, 0), "total_steps must be an integer of at least 1; received 0"),
        ((0.1, 10.0), "total_steps must be an integer"),
        ((0.1, True), "total_steps must be an integer"),
        ((0.1, 10, -1), "warmup_steps must be an integer of at least 0"),
        ((0.1, 10, 0, 1.5), "hold_steps must be an integer"),
        ((0.1, 10, 6, 4), "warmup_steps \\+ hold_steps must be less than total_steps; received 6 \\+ 4 and 10"),
    ],
)
def test_refusals(arguments: tuple[object, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        po.WarmupHoldCosine(*arguments)
    with pytest.raises(ValueError, match=message):
        po.EvolvedSchedule("LR1", *arguments)


def test_an_unknown_schedule_is_refused_with_a_suggestion() -> None:
    with pytest.raises(KeyError, match="did you mean 'LR1'"):
        po.EvolvedSchedule("lr1", 0.1, 10)


@pytest.mark.parametrize("phases", [p for p in PHASES if p[0] > 2])
def test_one_cycle_momentum(phases: tuple[int, int, int]) -> None:
    total, warmup, hold = phases
    phase = np.array([one_cycle_phase(NUMPY, float(t), *phases) for t in range(total)])
    ours = 0.85 + 0.1 * phase
    if warmup != 1 and total - warmup - hold > 1:
        np.testing.assert_allclose(ours, one_cycle(*phases), rtol=0, atol=1e-12)
    assert (phase >= 0).all()
    assert (phase <= 1).all()
    assert (phase[warmup : warmup + hold] == 0).all()
    if warmup > 1:
        assert (phase[0], phase[warmup - 1]) == (1, 0)
        assert (np.diff(phase[:warmup]) < 0).all()
    if total - warmup - hold > 1:
        assert (phase[warmup + hold], phase[-1]) == (0, 1)
        assert (np.diff(phase[warmup + hold :]) > 0).all()
