"""The engine's decoupled weight decay is that of the rate that is applied, schedule factor included."""

import numpy as np
import pytest

from paper_optimizers import get
from reproduce.population.assembly import Member
from tests.paper_optimizers.formulas import SCHEDULES, curves
from tests.population.walks import GRADIENTS, START, data, flat, population_of

STEPS, RATE, COEFFICIENT = 100, 0.1, 0.1


@pytest.mark.parametrize("name", ["Opt4", "Opt5", "Opt6"])
def test_without_a_gradient_a_weight_shrinks_by_the_applied_rate(name: str) -> None:
    spec = get(name).with_weight_decay(COEFFICIENT)
    member = Member(spec, rate=RATE, total_steps=STEPS, hold_steps=STEPS - 1)
    engine, still = population_of("map"), [[np.zeros_like(array) for array in GRADIENTS[0]]]
    programs, state = engine.start([member])
    before = flat(START)
    for step in range(STEPS - 1):
        order = np.zeros((1, 1, 1), np.int32)
        state, _ = engine.epoch(programs, state, engine.tables([member], range(step, step + 1)), data(still), order)
        after = np.asarray(state.weight)[0]
        applied = RATE * SCHEDULES["LR1"](curves(step, STEPS))
        np.testing.assert_allclose(after, before * (1 - applied * COEFFICIENT), rtol=2e-6, atol=1e-37)
        before = after
