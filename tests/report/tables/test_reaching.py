"""How long optimizers train until they are as good as the reference at its end."""

import math

import pytest

from reproduce.outcomes import TrainingCurve
from reproduce.report.tables.reaching import first_reaching, reaching, reaching_table
from reproduce.study.rows import Row
from tests.report.figure_cases import diverged, results_of, run, study
from tests.report.tables.test_accuracy_tables import shown

#: Validation accuracies after each of four epochs of 10 steps, by optimizer and seed. Adam ends at 0.6 on average.
CURVES = {
    ("Adam", 1): (0.2, 0.4, 0.5, 0.5),
    ("Adam", 2): (0.2, 0.4, 0.6, 0.7),
    ("Opt1", 1): (0.3, 0.6, 0.5, 0.8),
    ("Opt1", 2): (0.1, 0.2, 0.3, 0.6),
    ("A1", 1): (0.1, 0.2, 0.3, 0.59),
    ("A1", 2): (0.1, 0.9, 0.9, 0.9),
}


def measured(optimizer: str, seed: int, rate: float = 0.1, **changes: object) -> Row:
    accuracies = CURVES[optimizer, seed]
    curve = TrainingCurve(accuracies, accuracies, accuracies, accuracies)
    fields = {"steps": 40, "curve": curve, "validation_accuracy": accuracies[-1], "seconds": 4.0}
    return run("digits", optimizer, "final", rate, seed, **{**fields, **changes})


def rows(**changes: object) -> list[Row]:
    """Tuning as usual, and these finals at the rates that it chose; ``changes`` are to those of Opt1."""
    usual = study(("Adam", "Opt1", "A1"), seeds=(1, 2))
    finals = [row for row in usual if row.phase == "final"]
    return [
        *(row for row in usual if row.phase == "tune"),
        *(
            measured(each.optimizer, each.seed, each.rate, **changes if each.optimizer == "Opt1" else {})
            for each in finals
        ),
    ]


def test_the_first_epoch_that_is_as_good_counts_and_no_later_one() -> None:
    assert first_reaching(measured("Opt1", 1), 0.6) == 20
    assert first_reaching(measured("Opt1", 1), 0.7) == 40
    assert first_reaching(measured("Opt1", 1), 0.81) == math.inf
    assert first_reaching(diverged(measured("A1", 2), 3), 0.6) == math.inf


def test_medians_are_those_worked_out_by_hand() -> None:
    found = {each.label: each for each in reaching(results_of(rows()), "digits", "Adam")}
    # Opt1 takes 20 and 40 steps of 40, at a tenth of a second each. The first runs of Adam and of A1 never get to 0.6.
    assert (found["Opt1"].steps, found["Opt1"].share, found["Opt1"].reached) == (30, 0.75, 2)
    assert found["Opt1"].seconds == pytest.approx(3.0)
    assert (found["Adam"].steps, found["Adam"].reached, found["Adam"].n) == (math.inf, 1, 2)
    assert found["A1"].steps == math.inf


def test_seconds_of_another_device_are_not_shown() -> None:
    found = {each.label: each for each in reaching(results_of(rows(device="another")), "digits", "Adam")}
    assert (found["Opt1"].steps, found["Opt1"].seconds) == (30, None)
    assert found["Adam"].seconds is not None


def test_the_table_says_what_is_to_be_reached() -> None:
    table = reaching_table(results_of(rows()))
    assert "60.0 % on digits" in table.caption
    lines = {line[0]: line[1:] for line in shown(table)}
    assert lines["Opt1"] == ("30", "75", "2 of 2", "3.00")
    assert lines["Adam"] == ("not reached", "-", "1 of 2", "-")


def test_without_the_reference_there_is_nothing_to_reach() -> None:
    table = reaching_table(results_of([row for row in rows() if row.optimizer != "Adam"]))
    assert {line[1:] for line in shown(table)} == {("not run",) * 4}
    assert "Adam was not run" in table.caption
