"""The float64 oracle agrees with the formulas written out by hand, for everything in the catalog."""

import numpy as np
import pytest

import paper_optimizers as po
from tests.paper_optimizers.cases import tensors
from tests.paper_optimizers.formulas import FORMULAS, SCHEDULES, base_rates, curves, trajectory

STEPS = 40
PHASES = [(40, 6, 5), (40, 0, 0), (25, 4, 0)]  # the last ends before the run does


def test_there_is_a_formula_for_every_entry() -> None:
    assert set(FORMULAS) == set(po.names())
    assert set(SCHEDULES) == set(po.schedule_names())


@pytest.mark.parametrize("decay", [True, False])
@pytest.mark.parametrize("phases", PHASES)
@pytest.mark.parametrize("name", po.names())
def test_numpy_optimizer(name: str, phases: tuple[int, int, int], decay: bool) -> None:
    start, gradients = tensors(seed=len(name), steps=STEPS)
    rates = base_rates(0.1, *phases)
    spec = po.get(name) if decay else po.get(name).without_decays()
    optimizer = po.NumpyOptimizer(spec, total_steps=phases[0], warmup_steps=phases[1], hold_steps=phases[2])
    expected = [
        trajectory(name, weight, [step[j] for step in gradients], rates, phases, decay=decay)
        for j, weight in enumerate(start)
    ]
    weights = start
    for t, step in enumerate(gradients):
        weights = optimizer.step(weights, step, rates[min(t, phases[0] - 1)])
        for j, weight in enumerate(weights):
            np.testing.assert_allclose(weight, expected[j][t], rtol=1e-10, atol=1e-12, err_msg=f"step {t}")


@pytest.mark.parametrize("name", po.schedule_names())
def test_schedule_factors(name: str) -> None:
    from paper_optimizers.curves import numpy_progress
    from paper_optimizers.namespaces import NUMPY
    from paper_optimizers.program import evaluate_graph

    factor = po.describe_schedule(name).factor
    for total in (1, 2, 7, 100):
        ours = evaluate_graph(factor, NUMPY, numpy_progress(np.arange(total), total))
        theirs = [SCHEDULES[name](curves(t, total)) for t in range(total)]
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, err_msg=f"T = {total}")
