"""The package's own special functions agree with SciPy's to a few units in the last place."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import special as scipy_special

from paper_optimizers import special

MAGNITUDES = np.concatenate([np.logspace(-300, 8, 617), np.linspace(0.001, 60.0, 4001)])
POINTS = np.concatenate([[0.0], MAGNITUDES, -MAGNITUDES])


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (special.erf, scipy_special.erf),
        (special.erfc, scipy_special.erfc),
        (special.bessel_i1e, scipy_special.i1e),
    ],
    ids=["erf", "erfc", "bessel_i1e"],
)
def test_agrees_with_scipy(ours: Callable[[Any], Any], theirs: Callable[[Any], Any]) -> None:
    expected = theirs(POINTS)
    # In erfc's far tail SciPy's own error grows to 1e-13; below 1e-280 either may lose digits to subnormals.
    tail = (POINTS > 5) & (theirs is scipy_special.erfc)
    np.testing.assert_allclose(ours(POINTS[~tail]), expected[~tail], rtol=1e-14, atol=0)
    np.testing.assert_allclose(ours(POINTS[tail]), expected[tail], rtol=1e-12, atol=1e-290)


def test_bessel_i1e_across_its_two_expansions() -> None:
    around = np.linspace(29.9, 30.1, 2001)
    np.testing.assert_allclose(special.bessel_i1e(around), scipy_special.i1e(around), rtol=1e-14, atol=0)


@pytest.mark.parametrize("function", [special.erf, special.erfc, special.bessel_i1e])
def test_shapes_and_types(function: Callable[[Any], Any]) -> None:
    for shape in ((), (0,), (3,), (2, 3, 4)):
        result = function(np.full(shape, 0.5))
        assert result.shape == shape
        assert result.dtype == np.float64
    assert function(1).shape == ()


@pytest.mark.parametrize(
    ("function", "limits"), [(special.erf, (-1, 1)), (special.erfc, (2, 0)), (special.bessel_i1e, (0, 0))]
)
def test_at_infinity_and_nan(function: Callable[[Any], Any], limits: tuple[int, int]) -> None:
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(function(np.array([-np.inf, np.inf])), limits)
        assert np.isnan(function(np.nan))
