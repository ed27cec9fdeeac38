"""The Keras interpreter and the Keras schedules give the published code's numbers, on whichever back end runs this."""

from pathlib import Path

import keras
import numpy as np
import pytest

import paper_optimizers as po
from tests.paper_optimizers.cases import RELEASED, ReleasedCase, released_cases, released_schedules

TOLERANCE = 1e-5
SCHEDULE_TOLERANCE = 1e-6


def walk(case: ReleasedCase) -> float:
    """The largest error over all steps of the Keras optimizer."""
    total, warmup, hold = case.phases
    optimizer = po.GraphOptimizer(
        case.spec, case.peak, total_steps=total, warmup_steps=warmup, hold_steps=hold, decay=case.decay
    )
    variables = [keras.Variable(weight.astype("float32")) for weight in case.start]
    errors = []
    for step, gradients in enumerate(case.gradients):
        optimizer.apply([keras.ops.convert_to_tensor(g.astype("float32")) for g in gradients], variables)
        errors.append(case.error(step, [keras.ops.convert_to_numpy(v.value) for v in variables]))
    return max(errors)


@pytest.mark.parametrize("name", RELEASED)
def test_every_case_at_every_step(reference: Path, name: str) -> None:
    errors = {case.key: walk(case) for case in released_cases(reference, name)}
    assert len(errors) == 23
    assert {key: error for key, error in errors.items() if not error < TOLERANCE} == {}


@pytest.mark.parametrize("name", RELEASED)
def test_every_schedule_at_every_step(reference: Path, name: str) -> None:
    (peak, total, warmup, hold), published = released_schedules(reference, name)
    for label, expected in published.items():
        if label == "base":
            schedule = po.WarmupHoldCosine(peak, total, warmup, hold)
        else:
            schedule = po.EvolvedSchedule(label, peak, total, warmup, hold)
        called = [float(keras.ops.convert_to_numpy(schedule(step))) for step in range(total)]
        np.testing.assert_allclose(called, expected, rtol=0, atol=SCHEDULE_TOLERANCE, err_msg=label)
        np.testing.assert_allclose(
            schedule.values(np.arange(total)), expected, rtol=0, atol=SCHEDULE_TOLERANCE, err_msg=label
        )
