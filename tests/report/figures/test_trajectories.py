"""Paths on test functions: their gradients are those of their values, and paths come near the minimum."""

import numpy as np
import pytest

from paper_optimizers import get
from reproduce.report.figures.trajectories import LANDSCAPES, RATES, STEPS, best_path, portrait


@pytest.mark.parametrize("landscape", LANDSCAPES, ids=lambda each: each.name)
def test_the_gradient_is_that_of_the_value(landscape) -> None:
    for point in np.random.default_rng(0).normal(size=(5, 2)):
        steps = 1e-6 * np.eye(2)
        slope = [(landscape.value(point + step) - landscape.value(point - step)) / 2e-6 for step in steps]
        np.testing.assert_allclose(landscape.gradient(point), slope, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("name", ["Opt6", "Adam"])
def test_the_best_path_ends_lower_than_it_began(name: str) -> None:
    for number, landscape in enumerate(LANDSCAPES):
        path = best_path(get(name), number)
        assert path.points.shape == (STEPS + 1, 2)
        assert tuple(path.points[0]) == landscape.start
        assert path.rate in RATES
        assert path.final < 0.1 * landscape.value(np.array(landscape.start))


def test_a_portrait_is_drawn_the_same_each_time() -> None:
    one, other = (portrait("Opt6", get("Opt6")).render(("svg",))["svg"] for _ in range(2))
    assert one == other
