"""The ends of float32: functions and operands mean the same there, whole and in pieces; so do steps, where finite."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest

import paper_optimizers as po
from paper_optimizers.namespaces import NUMPY
from paper_optimizers.program import compile_spec
from paper_optimizers.step import PureOptimizer, StepValues, step_values
from tests.paper_optimizers import extreme_rows as extremes
from tests.paper_optimizers.torch.worlds import arrays, door, give_gradients, parameters, torch

#: A piece of one number, whose value alone decides which kernel is quick enough for it, and a piece of all.
SIZES = (1, 2**16)
Updates = Callable[[po.OptimizerSpec, Any, Sequence[Any]], list[Any]]


def whole(spec: po.OptimizerSpec, weight: Any, gradients: Sequence[Any]) -> list[Any]:
    """The update of each step over whole tensors."""
    number = partial(torch.tensor, dtype=torch.float64)
    return extremes.updates_of(spec, door.namespace.TORCH, weight, gradients, number)


def in_pieces(spec: po.OptimizerSpec, weight: Any, gradients: Sequence[Any]) -> list[Any]:
    """The update of each step as `move_pieces` runs it: written where the new weight would be."""
    pure = PureOptimizer(compile_spec(spec), door.namespace.TORCH)
    kept = pure.init_tensor(lambda name: torch.zeros_like(weight)).arrays()
    updates = []
    for step, gradient in enumerate(gradients, start=1):
        count = np.float64(step)
        values = step_values(pure.program, NUMPY, count=count, progress=None, one_cycle_phase=None)
        updates.append(weight.clone())
        door.pieces.move_pieces([(updates[-1], gradient, *kept)], partial(recorded, pure, values), each=False)
    return updates


def recorded(pure: PureOptimizer, values: StepValues, xp: Any, terms: Sequence[Any]) -> Sequence[Any]:
    weight, gradient, *kept = terms
    left = iter(kept)
    state = pure.init_tensor(lambda name: next(left))
    update, state = replace(pure, xp=xp).update(values, gradient, weight, state, draw=lambda number, tensor: 0.5)
    return update, *state.arrays()


@pytest.fixture(params=[0, *SIZES], ids=["whole", "pieces of 1", "one piece"])
def updates_of(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Updates:
    """What gives the updates of all steps."""
    if not request.param:
        return whole
    monkeypatch.setattr(door.pieces, "PIECE", request.param)
    return in_pieces


def test_every_row_means_the_same_at_the_ends_of_float32(updates_of: Updates) -> None:
    weight, *gradients = map(torch.tensor, (extremes.pairs()[1], *extremes.steps()))
    assert extremes.failures(lambda spec: arrays(updates_of(spec, weight, gradients))) == []


def test_a_norm_is_right_at_the_ends_of_float32(updates_of: Updates) -> None:
    ours = [updates_of(extremes.NORM, tensor, [tensor])[0] for tensor in torch.tensor(extremes.triples())]
    assert extremes.wrong("clip_norm", torch.stack(ours).numpy(), extremes.norm_oracle()) == []


@pytest.mark.parametrize("foreach", [None, False])
def test_the_published_a5_keeps_its_direction_where_squares_overflow(foreach: bool | None) -> None:
    param = torch.nn.Parameter(torch.zeros(door.pieces.LEAST))
    param.grad = torch.zeros_like(param)
    param.grad[:2] = 2e19
    door.A5([param], lr=1.0, foreach=foreach).step()
    expected = np.zeros(door.pieces.LEAST)
    expected[:2] = -(0.5**0.5)
    np.testing.assert_allclose(*arrays([param]), expected, rtol=1e-6)


@pytest.mark.parametrize("scale", [1e-36, 1e-30, 30.0, 1e18, 1e25, 1e37])
@pytest.mark.parametrize("name", po.names())
def test_in_pieces_and_apart(name: str, scale: float) -> None:
    weights = []
    for foreach in (None, False):
        params = parameters(torch.float32, ((door.pieces.LEAST + 5,),))
        optimizer = door.create(name, params, lr=1e-3, total_steps=9, warmup_steps=0, foreach=foreach)
        for step in range(3):
            give_gradients(params, step)
            params[0].grad.mul_(scale)
            optimizer.step()
        weights.append(params[0].detach().double().numpy())
    together, apart = weights
    # The rate is never 0, which makes NaN of infinity.
    # An update within a factor of the largest float32 may overflow one way and not the other.
    finite = np.abs(apart) < 1e33
    assert np.isfinite(together[finite]).all()
    error = np.abs(together[finite] - apart[finite]).max(initial=0.0)
    assert error <= 1e-4 * np.abs(apart[finite]).max(initial=0.0)
