"""The engine's interpreter walks as the float64 oracle does: every op row, operand, momentum, flip, factor and decay.

Rounding in float32 is all that may tell them apart. Where a spec magnifies it (a divisor that crosses 0), the oracle
itself says by how much: it is run again on gradients and from weights that differ in their seventh digit.
"""

from dataclasses import replace

import numpy as np
import pytest

from paper_optimizers import OneCycle, OptimizerSpec, describe_schedule, from_text, get, names, schedule_names
from paper_optimizers.expressions import apply, leaf, to_graph
from paper_optimizers.fields import Momentum
from paper_optimizers.operands import OPERANDS
from paper_optimizers.ops import FUNCTIONS
from reproduce.population.assembly import Capacity, Member, fits
from reproduce.search.sampling import Sampler
from reproduce.search.spaces import SPACES
from tests.paper_optimizers.cases import decayed
from tests.population.walks import STEPS, engine_walk, oracle_walk

LAYOUTS = ("map", "vectorise")


def member(spec, **settings):
    return Member(**{"spec": spec, "rate": 0.05, "total_steps": STEPS, "warmup_steps": 3, "seed": 5, **settings})


def spec_of(expression, **settings):
    return OptimizerSpec(to_graph(expression), **settings)


GRADIENT, WEIGHT = leaf("gradient"), leaf("weight")
DECAYED = decayed(WEIGHT, apply("square", leaf("cosine_decay")))


def function_specs():
    """Every function on mild arguments, its parameters other than the defaults, and one edge with a decay."""
    for name, row in FUNCTIONS.items():
        numbers = dict.fromkeys(row.parameters, 0.75 if name in ("blend", "exp_moving_average", "dropout") else 0.25)
        arguments = (apply("tanh", GRADIENT), DECAYED)[: row.arity]
        yield f"{name}", spec_of(apply(name, *arguments))
        yield f"{name} of a decayed argument", spec_of(apply(name, *(DECAYED, GRADIENT)[: row.arity], **numbers))


def operand_specs():
    """Every operand: powers 1 to 3, its flags both ways, and other parameters than the defaults."""
    for name, row in OPERANDS.items():
        powers = (1, 2, 3) if "power" in row.parameters else (None,)
        flags = [key for key, parameter in row.parameters.items() if isinstance(parameter.default, bool)]
        for power in powers:
            for on in (False, True):
                values = {"power": power} if power else {}
                values |= dict.fromkeys(flags, on)
                values |= {key: 0.85 for key in row.parameters.keys() - values.keys() if on}
                yield f"{name} {values}", spec_of(apply("softsign", leaf(name, **values)))


def member_cases():
    cases = {name: member(get(name)) for name in names()}
    cases |= {name: member(spec) for name, spec in (*function_specs(), *operand_specs())}
    for kind in ("none", "classical", "nesterov"):
        for coefficient in (OneCycle(), OneCycle(0.9, 0.5), 0.9):
            momentum = Momentum(kind, coefficient)
            cases[f"{kind} {coefficient}"] = member(spec_of(GRADIENT, momentum=momentum), hold_steps=2)
            cases[f"{kind} {coefficient}, ascending"] = member(
                spec_of(leaf("moment"), momentum=momentum, ascend=True), warmup_steps=0
            )
    cases |= {name: member(get("Adam"), factor=describe_schedule(name).factor) for name in schedule_names()}
    cases["two random nodes"] = member(from_text("Nest ~ (drop(g, 0.3))+(drop(v hat, 0.5))"))
    cases["states of states"] = member(from_text("Mom ~ deltaChange(expMovAvg(MaxValue(g)))"))
    cases["past the end"] = member(from_text("Nest ~ tanh([a1][g])"), total_steps=STEPS - 4)
    return cases


CASES = member_cases()


def random_members(count):
    sampler = Sampler(SPACES["full"])
    random = np.random.default_rng(11)
    return [member(sampler.genome(random).express(ascend=bool(i % 2)), seed=i, rate=0.01) for i in range(count)]


def disagreements(members, layout, labels, tolerance):
    """The members whose engine walk is further from the oracle's than rounding explains."""
    walks, _ = engine_walk(members, layout)
    wrong = []
    for index, (label, each) in enumerate(zip(labels, members, strict=True)):
        expected = oracle_walk(each)
        with np.errstate(all="ignore"):
            size = np.maximum.accumulate(np.abs(expected) + np.abs(expected).max(axis=1, keepdims=True) * 1e-3)
            moved = sum(np.abs(oracle_walk(each, **{what: 1 + 2e-7}) - expected) for what in ("start", "gradient"))
            error = np.abs(walks[:, index] - expected)
            comparable = np.isfinite(expected) & (np.abs(expected) < 1e30) & (moved < 1e-2 * size)
            if np.any(error[comparable] > (tolerance * size + 20 * moved)[comparable]):
                wrong.append((label, float(np.nanmax((error / size)[comparable]))))
    return wrong


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_row_walks_as_the_oracle_does(layout):
    assert disagreements(list(CASES.values()), layout, CASES, 2e-5) == []


def test_random_genomes_walk_as_the_oracle_does():
    """A power of a large exponent magnifies what float32 makes of its base, here up to a few hundred times."""
    members = random_members(len(CASES))
    assert disagreements(members, "map", range(len(members)), 5e-4) == []


def test_every_random_genome_fits_and_most_can_be_compared():
    members = random_members(len(CASES))
    assert all(fits(each.spec, Capacity()) for each in members)
    assert sum(bool(np.isfinite(oracle_walk(each)).all()) for each in members) > len(CASES) / 2


def test_a_change_of_the_seventh_digit_is_not_what_agrees():
    """The comparison can fail: a member against the oracle of another rate, or of another warm-up."""
    right = CASES["Opt9"]
    walks, _ = engine_walk([right] * len(CASES), "map")
    for wrong in (replace(right, rate=right.rate * 1.001), replace(right, warmup_steps=4)):
        assert np.abs(walks[:, 0] - oracle_walk(wrong)).max() > 2e-5 * np.abs(walks).max()


def test_both_layouts_walk_alike():
    members = random_members(len(CASES))
    (mapped, failed), (side_by_side, failed_too) = (engine_walk(members, layout) for layout in LAYOUTS)
    fine = failed == -1
    assert fine.sum() > len(CASES) / 2
    np.testing.assert_array_equal(fine, failed_too == -1)
    size = np.abs(mapped[:, fine]).max(axis=(0, 2), keepdims=True)
    np.testing.assert_array_less(
        np.abs(mapped - side_by_side)[:, fine], 1e-3 * np.broadcast_to(size, mapped[:, fine].shape)
    )
