import dataclasses
import re
from pathlib import Path

import numpy as np
import pytest

from reproduce.report.figures import _LINES, render, write_schedule_figures
from reproduce.report.schedule_curves import TOTAL_STEPS, Group, schedule_groups, shape_of
from tests.reproduce.cases import TINY

GROUPS = {group.name: group for group in schedule_groups(TINY.training)}


def test_every_schedule_is_in_one_group() -> None:
    members = [name for group in GROUPS.values() for name in group.curves]
    assert sorted(members) == [f"LR{number}" for number in range(1, 10)]
    assert list(GROUPS) == ["family 1", "family 2", "outsiders"]
    assert all(group.curves for group in GROUPS.values())


@pytest.mark.parametrize("warmup", [0.02, 0.05, 0.1, 0.3])
def test_groups_do_not_hang_on_the_warmup(warmup: float) -> None:
    training = dataclasses.replace(TINY.training, warmup_fraction=warmup)
    groups = {group.name: sorted(group.curves) for group in schedule_groups(training)}
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


def test_pictures_have_the_same_bytes_and_no_dates(tmp_path: Path) -> None:
    first = write_schedule_figures(tmp_path / "a", TINY.training)
    second = write_schedule_figures(tmp_path / "b", TINY.training)
    assert sorted(path.name for path in first) == sorted(
        f"schedules_{name}.{suffix}"
        for name in ("family_1", "family_2", "outsiders")
        for suffix in ("svg", "pdf", "png")
    )
    for one, other in zip(first, second, strict=True):
        data = one.read_bytes()
        assert data == other.read_bytes()
        assert not re.search(rb"<dc:date>|/CreationDate|/ModDate|tIME", data)


def test_the_pdf_embeds_its_font_and_the_svg_needs_none() -> None:
    forms = render(GROUPS["family 1"])
    assert b"/FontFile2" in forms["pdf"]
    assert b"<text" not in forms["svg"]
    assert forms["png"].startswith(b"\x89PNG")


def test_lines_are_told_apart_without_colour() -> None:
    assert (
        len({str(style) for _, style in _LINES}) == len(_LINES) >= max(len(group.curves) for group in GROUPS.values())
    )


def test_an_empty_group_is_drawn() -> None:
    group = GROUPS["family 1"]
    assert render(Group("outsiders", "none", group.steps, group.base, {}))["svg"].startswith(b"<?xml")
