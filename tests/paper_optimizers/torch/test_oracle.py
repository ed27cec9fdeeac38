"""The PyTorch door gives the oracle's numbers for the whole catalog, and the published code's."""

from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

import paper_optimizers as po
from tests.paper_optimizers.cases import RELEASED, ReleasedCase, released_cases, released_schedules, tensors
from tests.paper_optimizers.formulas import base_rates
from tests.paper_optimizers.torch.worlds import door, torch

PHASES = (10, 3, 2)
STEPS = 12  # The last are past the end.
SHAPES = ((4, 3), (7,), (300, 230))
TOLERANCE = 1e-5


@lru_cache(maxsize=2)
def course(spec: po.OptimizerSpec, phases: tuple[int, int, int], rates: tuple[float, ...], seed: int):
    """Weights before the first step, gradients, and the oracle's weights after each step."""
    start, gradients = tensors(seed, STEPS, SHAPES)
    total, warmup, hold = phases
    oracle = po.NumpyOptimizer(spec, total_steps=total, warmup_steps=warmup, hold_steps=hold)
    weights, after = [np.asarray(weight) for weight in start], []
    for step, rate in zip(gradients, rates, strict=True):
        weights = oracle.step(weights, step, rate)
        after.append(weights)
    return start, gradients, after


def walk(optimizer_of, course, dtype) -> float:
    """The largest error of any tensor at any step, in units of its largest magnitude."""
    start, gradients, after = course
    params = [torch.nn.Parameter(torch.tensor(weight, dtype=dtype)) for weight in start]
    optimizer, worst = optimizer_of(params), 0.0
    for step, weights in zip(gradients, after, strict=True):
        for param, gradient in zip(params, step, strict=True):
            param.grad = torch.tensor(gradient, dtype=dtype)
        optimizer.step()
        for param, weight in zip(params, weights, strict=True):
            difference = np.abs(param.detach().double().numpy() - weight).max()
            worst = max(worst, float(difference / np.abs(weight).max()))
    return worst


@pytest.mark.parametrize("decay", [True, False], ids=["decays", "no decays"])
@pytest.mark.parametrize("foreach", [None, False], ids=["together", "apart"])
@pytest.mark.parametrize("name", po.names())
def test_the_catalog(name: str, foreach: bool | None, decay: bool) -> None:
    spec = po.get(name) if decay else po.get(name).without_decays()
    rates = base_rates(0.05, *PHASES)
    oracle = course(spec, PHASES, (*rates, *[rates[-1]] * (STEPS - len(rates))), len(name))
    total, warmup, hold = PHASES

    def optimizer_of(params):
        phases = {"total_steps": total, "warmup_steps": warmup, "hold_steps": hold}
        return door.create(name, params, lr=0.05, decay=decay, foreach=foreach, **phases)

    assert walk(optimizer_of, oracle, torch.float32) < TOLERANCE
    assert walk(optimizer_of, oracle, torch.float64) < 1e-12


@pytest.mark.parametrize("name", ["Opt9", "Opt10", "Momentum", "Nesterov"])
def test_a_constant_momentum(name: str) -> None:
    oracle = course(po.get(name).with_momentum(0.7), (10, 0, 0), (0.01,) * STEPS, 3)

    def optimizer_of(params):
        return door.create(name, params, lr=0.01, total_steps=10, momentum=0.7)

    assert walk(optimizer_of, oracle, torch.float32) < TOLERANCE


@pytest.mark.parametrize("name", RELEASED)
def test_every_released_case_at_every_step(reference: Path, name: str) -> None:
    def error(case: ReleasedCase) -> float:
        total, warmup, hold = case.phases
        params = [torch.nn.Parameter(torch.tensor(weight, dtype=torch.float32)) for weight in case.start]
        optimizer = door.GraphOptimizer(
            params, case.spec, case.peak, total_steps=total, warmup_steps=warmup, hold_steps=hold, decay=case.decay
        )
        errors = []
        for step, gradients in enumerate(case.gradients):
            for param, gradient in zip(params, gradients, strict=True):
                param.grad = torch.tensor(gradient, dtype=torch.float32)
            optimizer.step()
            errors.append(case.error(step, [param.detach().numpy() for param in params]))
        return max(errors)

    errors = {case.key: error(case) for case in released_cases(reference, name)}
    assert len(errors) == 23
    assert {key: error for key, error in errors.items() if not error < TOLERANCE} == {}


@pytest.mark.parametrize("name", RELEASED)
def test_every_released_schedule_at_every_step(reference: Path, name: str) -> None:
    (peak, total, warmup, hold), published = released_schedules(reference, name)
    for label, expected in published.items():
        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=peak)
        make = door.WarmupHoldCosine if label == "base" else getattr(door, label)
        scheduler = make(optimizer, total, warmup, hold)
        rates = []
        for _ in range(total):
            rates.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            scheduler.step()
        np.testing.assert_allclose(rates, expected, rtol=0, atol=1e-6, err_msg=label)
