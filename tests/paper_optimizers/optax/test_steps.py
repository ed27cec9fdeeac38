"""Every catalog entry as a transformation walks with the float64 oracle and the published code."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("optax", reason="Optax is not installed: pip install 'paper-optimizers[optax]'")
import jax.numpy as jnp

import paper_optimizers as po
from paper_optimizers.optax import graph_optimizer
from tests.paper_optimizers.cases import RELEASED, released_cases, tensors
from tests.paper_optimizers.formulas import base_rates
from tests.paper_optimizers.optax.cases import HOLD, RUN, TOTAL, WARMUP, oracle_walk, walk

TOLERANCE = 1e-5


def _error(ours: list[Any], theirs: list[Any]) -> float:
    pairs = zip(ours, theirs, strict=True)
    return max(float(np.abs(np.asarray(a, np.float64) - b).max() / np.abs(b).max()) for a, b in pairs)


@pytest.mark.parametrize("variant", ["whole", "no decays", "momentum", "weight decay"])
@pytest.mark.parametrize("name", po.names())
def test_walks_with_the_oracle(name: str, variant: str) -> None:
    spec, given = po.get(name), {}
    if variant == "no decays":
        spec, given = spec.without_decays(), {"decay": False}
    if variant == "momentum":
        if spec.momentum.type == "none":
            with pytest.raises(ValueError, match="no momentum to set; received"):
                graph_optimizer(name, 0.01, **RUN, momentum=0.8)
            return
        spec, given = spec.with_momentum(0.8), {"momentum": 0.8}
    decay = 0.3 if variant == "weight decay" else None
    weights, gradients = tensors(3, TOTAL)
    # Opt4 and Opt5 are exponential in the gradients' average.
    gradients = [[0.3 * gradient for gradient in step] for step in gradients]
    peak = 0.01
    expected = oracle_walk(spec, weights, gradients, base_rates(peak, TOTAL, WARMUP, HOLD), decay or 0.0)
    ours = walk(
        graph_optimizer(name, peak, **RUN, weight_decay=decay, **given),
        [jnp.asarray(weight, jnp.float32) for weight in weights],
        [[jnp.asarray(gradient, jnp.float32) for gradient in step] for step in gradients],
    )
    assert max(map(_error, ours, expected)) < TOLERANCE


@pytest.mark.parametrize("name", RELEASED)
def test_every_released_case_at_every_step(reference: Path, name: str) -> None:
    errors = {}
    for case in released_cases(reference, name):
        total, warmup, hold = case.phases
        spec = case.spec if case.decay else case.spec.without_decays()
        transformation = graph_optimizer(spec, case.peak, total_steps=total, warmup_steps=warmup, hold_steps=hold)
        start = [jnp.asarray(weight, jnp.float32) for weight in case.start]
        gradients = [[jnp.asarray(each, jnp.float32) for each in step] for step in case.gradients]
        taken = walk(transformation, start, gradients)
        errors[case.key] = max(
            case.error(step, [np.asarray(weight, np.float64) for weight in weights])
            for step, weights in enumerate(taken)
        )
    assert len(errors) == 23
    assert {key: error for key, error in errors.items() if not error < TOLERANCE} == {}


def test_spec_as_data_and_as_itself_are_one() -> None:
    weights, gradients = [jnp.ones(3)], [[jnp.full(3, 0.2)]] * 3
    spec = replace(po.get("Opt9"), schedule=None)
    walks = [walk(graph_optimizer(each, 0.1, **RUN), weights, gradients) for each in ("Opt9", spec, spec.to_dict())]
    assert all(bool(jnp.all(a[-1][0] == walks[0][-1][0])) for a in walks)
