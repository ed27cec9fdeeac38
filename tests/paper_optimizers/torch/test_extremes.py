"""Tiny and huge gradients: in pieces a step is finite wherever it is tensor by tensor, and the same there."""

import numpy as np
import pytest

import paper_optimizers as po
from tests.paper_optimizers.torch.worlds import door, give_gradients, parameters, torch


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
