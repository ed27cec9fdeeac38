"""Every function of the op table, in torch's namespace and as it is written down and run in pieces."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from paper_optimizers.graph import default_values
from paper_optimizers.ops import FUNCTIONS
from tests.paper_optimizers.op_rows import arguments, cases, expected
from tests.paper_optimizers.torch.worlds import door, torch

TORCH, QUICK = door.namespace.TORCH, door.functions.FUNCTIONS
LEAST, PIECE, move_pieces = door.pieces.LEAST, door.pieces.PIECE, door.pieces.move_pieces


#: What a row that cancels may be off by where its result is small: a few units in the last place of 1.
CANCELS = {"tanh_derivative": 5e-7, "sigmoid_derivative": 5e-7, "log_abs": 5e-7, "softplus": 5e-7, "blend": 5e-7}


def clear(name: str, inputs: tuple[Any, ...]) -> Any:
    """Where float32 has the result at all: no overflow inside, no denominator that is nothing but rounding."""
    if name == "softplus":
        return inputs[0] < 80
    if name in ("divide", "reciprocal"):
        return np.abs(inputs[-1] + 1e-7) > 1e-9
    return ...


@pytest.mark.parametrize(("name", "parameters", "formula"), cases())
def test_in_the_namespace(name: str, parameters: dict[str, float], formula: Callable[..., Any]) -> None:
    inputs = arguments(name, decades=15)
    inputs = tuple(x[clear(name, inputs)] for x in inputs)
    result = FUNCTIONS[name].compute(TORCH, *map(torch.tensor, inputs), **(default_values(name) | parameters))
    by_hand = np.asarray(expected(formula, inputs), np.float32)
    np.testing.assert_allclose(result.numpy(), by_hand, rtol=2e-5, atol=CANCELS.get(name, 1e-36))


@pytest.mark.parametrize("factor", [1.0, 3.0, -0.7])
@pytest.mark.parametrize(("name", "parameters", "formula"), cases())
def test_in_pieces(name: str, parameters: dict[str, float], formula: Callable[..., Any], factor: float) -> None:
    """Also of arguments that carry a factor; small and large numbers are in pieces of their own."""
    inputs = arguments(name, decades=6)
    inputs = tuple(x[clear(name, (*inputs[:-1], inputs[-1] * np.float32(factor)))].ravel() for x in inputs)
    if parameters.get("epsilon") == 0.0:  # The sign of what is divided by 0 is that of a zero, which factors turn.
        inputs = tuple(x[inputs[-1] != 0] for x in inputs)
    order = np.argsort(np.abs(inputs[0]), kind="stable")
    if name == "clip_norm":
        inputs = (np.resize(inputs[0], LEAST + 77).astype(np.float32),)
    else:
        repeats = -(-(LEAST + PIECE) // len(order))
        inputs = tuple(np.repeat(x[order], repeats) for x in inputs)
    arrays = [torch.zeros(len(inputs[0])), *(torch.tensor(x) for x in (inputs * 2)[:2])]

    def record(xp: Any, terms: Any) -> Any:
        values = [term * factor for term in terms[1 : 1 + len(inputs)]]
        result = FUNCTIONS[name].compute(xp, *values, **(default_values(name) | parameters))
        return result, terms[2]

    before = arrays[2].clone()
    move_pieces([arrays], record, each=True)
    scaled = tuple(x * np.float32(factor) for x in inputs)
    by_hand = np.asarray(expected(formula, scaled), np.float32)
    np.testing.assert_allclose(arrays[0].numpy(), by_hand, rtol=2e-5, atol=CANCELS.get(name, 1e-36) * 3)
    assert torch.equal(arrays[2], before)


def relative_error(values: Any, exact: Any) -> float:
    return float(((values.double() - exact) / exact).nan_to_num().abs().max())


EXACT = {"arcsinh": torch.arcsinh, "arctan": torch.arctan, "bessel_i1e": torch.special.i1e, "tanh": torch.tanh}


@pytest.mark.parametrize("name", QUICK)
@pytest.mark.parametrize("scale", [1e-30, 1e-9, 1e-5, 1e-3, 0.02, 0.1, 0.3, 1.0, 30.0, 1e25])
def test_the_quick_functions_lose_nothing(name: str, scale: float) -> None:
    x = scale * torch.linspace(-1.0, 1.0, 20_001)
    for numbers, tolerance in ((x, 3e-7), (x.double(), 1e-15)):
        exact = EXACT[name](numbers.double())
        QUICK[name](numbers.clone(), out := torch.empty_like(numbers))
        in_place = numbers.clone()
        QUICK[name](in_place, in_place)
        assert torch.equal(in_place, out)
        # torch's own i1e is off by up to 5e-7 in float32.
        theirs = relative_error(EXACT[name](numbers), exact)
        assert relative_error(out, exact) <= max(tolerance, theirs)
    odd = torch.tensor([0.0, -0.0, float("inf"), float("-inf"), float("nan")])
    for special in (odd, odd[:2]):
        QUICK[name](special, out := torch.empty_like(special))
        torch.testing.assert_close(out, EXACT[name](special), equal_nan=True)
