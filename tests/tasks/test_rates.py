"""The grid and the screening by themselves: what they ask for, how they value a training, what is chosen."""

import math
from dataclasses import replace

import pytest

from reproduce.outcomes import Training, TrainingCurve
from reproduce.plain_data import OutOfRangeError
from reproduce.tasks.rates import Choice, RateGrid, RateScreening

GRID = RateGrid((0.01, 0.1, 1.0), most_extra_rates=2)
SCREENING = RateScreening(2, (10.0, 1e-2), 0.25, (1.0, 0.1), 0.4, patience=3)


def test_a_grid_looks_at_the_end_of_a_training() -> None:
    curve = TrainingCurve((2.0, 1.0), (0.1, 0.2), (2.0, 1.5), (0.9, 0.4))
    assert GRID.value(Training(curve, 8)) == (0.4, -1.5)
    assert GRID.value(Training(curve, 8, diverged_at=7)) == (-math.inf, -math.inf)


def test_a_screening_asks_for_more_rates_only_where_the_first_are_good_enough() -> None:
    assert SCREENING.choose({}) == Choice((10.0, 1e-2))
    assert SCREENING.choose({10.0: 0.1, 1e-2: 0.2}) == Choice((10.0, 1e-2), screened_out="first")
    rates = (10.0, 1e-2, 1.0, 0.1)
    tried = {10.0: 0.1, 1e-2: 0.3}
    assert SCREENING.choose(tried) == Choice(rates)
    assert SCREENING.choose({**tried, 1.0: 0.39, 0.1: 0.0}) == Choice(rates, screened_out="second")
    assert SCREENING.choose({**tried, 1.0: 0.5, 0.1: 0.5}) == Choice(rates, 0.1, 0.5)  # Of equal ones the smallest.


def test_a_screening_looks_at_the_best_epoch_of_training() -> None:
    curve = TrainingCurve((2.0, 1.0), (0.3, 0.2), (2.0, 1.5), (0.9, 0.4))
    assert SCREENING.value(Training(curve, 8)) == 0.3
    assert SCREENING.value(Training(TrainingCurve(), 4, diverged_at=3)) == 0.0


def test_patience_ends_with_the_first_threshold() -> None:
    assert SCREENING.goes_on([0.1, 0.1])
    assert not SCREENING.goes_on([0.1, 0.1, 0.2])
    assert SCREENING.goes_on([0.1, 0.3, 0.2])
    assert replace(SCREENING, patience=None).goes_on([0.1] * 99)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"screening_epochs": 0}, "screening_epochs must be 1 or more"),
        ({"first_rates": ()}, "first_rates must be at least one rate"),
        ({"second_rates": (-1.0,)}, "must be positive rates"),
        ({"second_rates": (10.0,)}, "second_rates must be new rates, each once"),
        ({"second_threshold": 1.5}, r"second_threshold must be in \[0, 1\]"),
        ({"patience": 0}, "patience must be 1 or more"),
    ],
)
def test_rules_that_cannot_be_are_refused(change: dict, message: str) -> None:
    with pytest.raises(OutOfRangeError, match=message):
        replace(SCREENING, **change)
    assert replace(SCREENING, second_rates=()).choose({10.0: 0.3, 1e-2: 0.5}).rate == 1e-2
