import numpy as np
import pytest

from reproduce.report.figures.schedule_curves import TOTAL_STEPS, schedule_groups, shape_of
from reproduce.report.figures.schedules import schedule_picture

GROUPS = {group.name: group for group in schedule_groups(0.2, 0.0)}


def test_every_schedule_is_in_one_group() -> None:
    members = [name for group in GROUPS.values() for name in group.curves]
    assert sorted(members) == [f"LR{number}" for number in range(1, 10)]
    assert list(GROUPS) == ["family 1", "family 2", "outsiders"]
    assert all(group.curves for group in GROUPS.values())


@pytest.mark.parametrize("warmup", [0.02, 0.05, 0.1, 0.3])
def test_groups_do_not_hang_on_the_warmup(warmup: float) -> None:
    groups = {group.name: sorted(group.curves) for group in schedule_groups(warmup, 0.0)}
    assert groups == {name: sorted(group.curves) for name, group in GROUPS.items()}


def test_curves_are_those_of_the_keras_schedules() -> None:
    pytest.importorskip("keras")
    from paper_optimizers import EvolvedSchedule, WarmupHoldCosine

    steps = np.arange(1, TOTAL_STEPS)
    for group in GROUPS.values():
        np.testing.assert_array_equal(group.steps, steps)
        np.testing.assert_allclose(group.base, WarmupHoldCosine(1.0, TOTAL_STEPS, 200).values(steps), rtol=1e-12)
        for name, curve in group.curves.items():
            expected = EvolvedSchedule(name, 1.0, TOTAL_STEPS, 200).values(steps)
            np.testing.assert_allclose(curve, expected, rtol=1e-12)


def test_shapes() -> None:
    x = np.linspace(0, 1, 500)
    assert shape_of(np.sin(np.pi * x)) == "smooth"
    assert shape_of(1 - x) == "smooth"
    assert shape_of(x) == "smooth"
    assert shape_of(np.where(x < 0.5, 1.0, 0.5)) == "jump"
    assert shape_of(1 + np.cos(4 * np.pi * x)) == "wavy"
    assert shape_of(np.ones(500)) == "smooth"


def test_the_picture_has_every_schedule_and_says_how_high_it_goes() -> None:
    made = schedule_picture(0.2, 0.0)
    assert made.name == "schedules"
    assert made.render(["svg"])["svg"].startswith(b"<?xml")
    for name in (f"LR{number}" for number in range(1, 10)):
        peak = next(group.curves[name].max() for group in GROUPS.values() if name in group.curves)
        assert f"{name} {peak:.2f}" in made.reading
    assert "family 1: the rate falls in a single step" in made.reading
