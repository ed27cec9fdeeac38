"""Any spec moves weights alike in pieces, where it is written down first, and tensor by tensor."""

import numpy as np
from hypothesis import given, settings

from paper_optimizers.spec import OptimizerSpec
from tests.paper_optimizers.spec_strategies import specs
from tests.paper_optimizers.torch.worlds import door, give_gradients, parameters, torch


@given(spec=specs())
@settings(max_examples=40)
def test_in_pieces_and_apart(spec: OptimizerSpec) -> None:
    if spec.is_random:  # Masks are drawn for whole tensors.
        return
    shapes = ((1, door.pieces.LEAST + 5),)
    pairs = []
    for foreach in (None, False):
        params = parameters(torch.float64, shapes)
        optimizer = door.GraphOptimizer(params, spec, 1e-3, total_steps=5, foreach=foreach)
        for step in range(3):
            give_gradients(params, step)
            optimizer.step()
        pairs.append(params[0].detach().numpy())
    together, apart = pairs
    assert np.array_equal(np.isfinite(together), np.isfinite(apart))
    finite = np.isfinite(apart)
    # What a spec cancels or divides by next to nothing differs by more than a rounding.
    close = np.isclose(together[finite], apart[finite], rtol=1e-7, atol=1e-9)
    assert close.mean() > 0.999 if close.size else True
