"""The special functions for float32 over all of float32, against SciPy and NumPy in float64."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import special as scipy_special

from paper_optimizers import special

#: Largest relative error.
#: XLA's own on CPUs: arctan 3.4e-7, arcsinh 2.3e-7, bessel_i1e 1.2e-6.
FUNCTIONS = {
    "arctan": (special.quick_arctan, np.arctan, 2e-7),
    "arcsinh": (special.quick_arcsinh, np.arcsinh, 2e-7),
    "bessel_i1e": (special.quick_bessel_i1e, scipy_special.i1e, 2e-7),
}
#: One float32 in 523 of each sign, subnormals included, and more where the forms meet.
BITS = np.arange(1, 0x7F800000, 523, dtype=np.uint32).view(np.float32)
NEAR = np.linspace(1e-3, 12.0, 400_001).astype(np.float32)
POINTS = np.concatenate([BITS, -BITS, NEAR, -NEAR])
SMALLEST_NORMAL = float(np.finfo(np.float32).tiny)


@pytest.mark.parametrize("library", ["numpy", "jax"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_over_all_of_float32(name: str, library: str) -> None:
    ours, theirs, tolerance = FUNCTIONS[name]
    expected = theirs(POINTS.astype(np.float64))
    actual = _on(library, ours, POINTS)
    assert actual.dtype == np.float32
    normal = np.abs(expected) >= SMALLEST_NORMAL
    assert np.max(np.abs(actual[normal] / expected[normal] - 1)) <= tolerance
    # XLA takes subnormal numbers for 0 on CPUs, in its own functions too.
    assert np.max(np.abs(actual[~normal] - expected[~normal]), initial=0.0) <= SMALLEST_NORMAL
    assert np.array_equal(np.signbit(actual), np.signbit(POINTS))


@pytest.mark.parametrize("library", ["numpy", "jax"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_at_zero_infinity_and_nan(name: str, library: str) -> None:
    ours, _, _ = FUNCTIONS[name]
    limit = {"arctan": np.float32(np.pi / 2), "arcsinh": np.float32(np.inf), "bessel_i1e": np.float32(0)}[name]
    actual = _on(library, ours, np.asarray([0.0, -0.0, np.inf, -np.inf, np.nan], np.float32))
    np.testing.assert_array_equal(actual, np.asarray([0, 0, limit, -limit, np.nan], np.float32))
    assert np.signbit(actual[:4]).tolist() == [False, True, False, True]


class _NumPy:
    """NumPy in float32, with what the functions need beside it."""

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)

    def bits(self, x: Any) -> Any:
        return x.view(np.int32)

    def from_bits(self, bits: Any) -> Any:
        return bits.view(np.float32)

    def single(self, integers: Any) -> Any:
        return integers.astype(np.float32)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_derivatives_in_jax_are_those_of_its_own_functions(name: str) -> None:
    jax = pytest.importorskip("jax")
    pytest.importorskip("optax")
    from paper_optimizers.optax.namespace import OPTAX

    theirs = {"arctan": jax.numpy.arctan, "arcsinh": jax.numpy.arcsinh, "bessel_i1e": jax.scipy.special.i1e}[name]
    for x in (0.3, -2.0, 40.0):
        expected = jax.grad(theirs)(x)
        assert float(expected) != 0.0
        assert float(jax.grad(jax.jit(getattr(OPTAX, name)))(x)) == pytest.approx(float(expected), rel=1e-5)


def _on(library: str, function: Callable[[Any, Any], Any], x: Any) -> Any:
    if library == "numpy":
        with np.errstate(all="ignore"):
            return function(_NumPy(), x)
    jax = pytest.importorskip("jax")
    pytest.importorskip("optax")
    from paper_optimizers.optax.namespace import OPTAX

    return np.asarray(jax.jit(lambda x: function(OPTAX, x))(x))
