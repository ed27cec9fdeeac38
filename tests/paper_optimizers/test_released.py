"""The float64 oracle walks the published code's weight trajectories (the Keras half is in keras_contract)."""

from pathlib import Path

import numpy as np
import pytest

import paper_optimizers as po
from tests.paper_optimizers.cases import RELEASED, ReleasedCase, released_cases, released_schedules
from tests.paper_optimizers.formulas import SCHEDULES, base_rates, curves

TOLERANCE = 2e-6


def walk(case: ReleasedCase) -> float:
    """The largest error over all steps of the oracle."""
    spec = case.spec if case.decay else case.spec.without_decays()
    total, warmup, hold = case.phases
    rates = base_rates(case.peak, *case.phases)
    optimizer = po.NumpyOptimizer(spec, total_steps=total, warmup_steps=warmup, hold_steps=hold)
    weights = [np.asarray(weight, np.float64) for weight in case.start]
    errors = []
    for step, gradients in enumerate(case.gradients):
        weights = optimizer.step(weights, gradients, rates[step])
        errors.append(case.error(step, weights))
    return max(errors)


@pytest.mark.parametrize("name", RELEASED)
def test_every_case_at_every_step(reference: Path, name: str) -> None:
    cases = list(released_cases(reference, name))
    errors = {case.key: walk(case) for case in cases}
    assert len(errors) == 23
    assert {key: error for key, error in errors.items() if not error < TOLERANCE} == {}


@pytest.mark.parametrize("name", RELEASED)
def test_the_hand_written_schedules(reference: Path, name: str) -> None:
    (peak, total, warmup, hold), published = released_schedules(reference, name)
    rates = base_rates(peak, total, warmup, hold)
    np.testing.assert_allclose(published["base"], rates, rtol=0, atol=1e-8)
    for label, factor in SCHEDULES.items():
        ours = [rate * factor(curves(t, total)) for t, rate in enumerate(rates)]
        np.testing.assert_allclose(published[label], ours, rtol=0, atol=1e-6, err_msg=label)


def test_the_slips_show() -> None:
    """A case must be able to fail: the mended equations are told from the released ones."""
    for name in ("Opt1", "Opt3"):
        assert po.get(name).fingerprint() != po.get(f"{name}-released").fingerprint()
