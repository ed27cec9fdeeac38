"""Every figure made of rows or specs: from rows as usual, none, one seed, diverged runs, and names in any script."""

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from paper_optimizers import from_text, get
from reproduce.errors import ReproduceError
from reproduce.report.figures.comparison import accuracy_picture, overall_pictures, rank_cliques
from reproduce.report.figures.decays import curve_picture, evolved_decays, evolved_picture, search_space_curves
from reproduce.report.figures.engine import engine_picture, scaling
from reproduce.report.figures.frameworks import best_forms, frameworks_picture
from reproduce.report.figures.graphs import decay_graph, optimizer_graph
from reproduce.report.figures.index import study_pictures
from reproduce.report.figures.learning import LOSS, learning_bands, learning_picture
from reproduce.report.figures.rates import rate_picture, sensitivities
from reproduce.report.figures.shrinkage import Rescored, shrinkage_picture
from reproduce.report.figures.updates import (
    POINTS,
    REACH,
    effective_steps,
    step_picture,
    surface,
    surface_picture,
)
from reproduce.report.page.report import RESULTS, ROBUSTNESS, SEARCH, SPACE, SUMMARY, report_of
from reproduce.report.page.search import SearchResults
from reproduce.report.speed import StepTime, read_step_times
from reproduce.report.style import Picture, file_name
from reproduce.study.rows import Row
from tests.report.figure_cases import EPOCHS, RATES, diverged, framework_time, measured, results_of, study

NAMES = ("Opt1", "Adam", "Ünï|_&%$#{}~^\\ <b>")
ROWS = study(NAMES, ("digits", "other.task"), seeds=(1, 2))
CASES: dict[str, Sequence[Row]] = {
    "rows": ROWS,
    "none": [],
    "one seed": [row for row in ROWS if row.phase == "tune" or row.seed == 1],
    "tuned only": [row for row in ROWS if row.phase == "tune"],
    "some diverged": [diverged(row, 2) if row.seed == 1 or row.rate == 1.0 else row for row in ROWS],
    "all diverged at once": [diverged(row) for row in ROWS],
}
FROM_ROWS: dict[str, Callable[[Sequence[Row]], Picture]] = {
    "learning curves": lambda rows: learning_picture(results_of(rows), "digits"),
    "training losses": lambda rows: learning_picture(results_of(rows), "digits", measure=LOSS),
    "rates": lambda rows: rate_picture(results_of(rows), "digits"),
    "accuracies": lambda rows: accuracy_picture(results_of(rows)),
    "interquartile means": lambda rows: overall_pictures([results_of(rows)], "Adam")[0],
    "ranks": lambda rows: overall_pictures([results_of(rows)], "Adam")[1],
}
RESCORED = [
    Rescored(NAMES[2], 0.9, (0.8, 0.82)),
    Rescored("#2", 0.85, (0.84, 0.86)),
    Rescored("Adam", None, (0.83,)),
    Rescored("brittle", 0.9, (0.88,), untrained=2),
    Rescored("never", 0.84, (), untrained=3),
    Rescored("not yet", 0.8, ()),
]
MEMBER_STEPS = [
    StepTime(NAMES[2], "patches", count, 3, 0.001 / count, 0.0009 / count, 0.0012 / count, 0.001, "a processor")
    for count in (4, 1, 2)
]
FRAMEWORK_TIMES = [
    framework_time("engine", "Adam", 1.0),
    framework_time(NAMES[2], "eager", 3.0),
    framework_time(NAMES[2], "compiled", 2.0),
    framework_time(NAMES[2], "eager", 0.5, size="full"),
]
FROM_SPECS: dict[str, Callable[[], Picture]] = {
    "decay curves": curve_picture,
    "evolved decays": evolved_picture,
    "no decays": lambda: evolved_picture({}),
    "an optimizer's graph": lambda: optimizer_graph(NAMES[2], get("Opt4")),
    "a decay's graph": lambda: decay_graph("Opt7", get("Opt7").decays[0]),
    "shrinkage": lambda: shrinkage_picture(RESCORED, "profile tiny"),
    "shrinkage of nothing": lambda: shrinkage_picture([], "profile tiny"),
    "engine scaling": lambda: engine_picture(MEMBER_STEPS),
    "engine scaling of nothing": lambda: engine_picture([]),
    "frameworks": lambda: frameworks_picture(FRAMEWORK_TIMES),
    "frameworks that were not timed": lambda: frameworks_picture([]),
    "surfaces": lambda: surface_picture({"Opt1": get("Opt1"), NAMES[2]: get("A5")}),
    "no surfaces": lambda: surface_picture({}),
    "steps": lambda: step_picture({"Opt1": get("Opt1"), NAMES[2]: get("Opt9")}),
    "no steps": lambda: step_picture({}),
    "a surface of nothing finite": lambda: surface_picture({"x": from_text("None ~ exp(exp(exp(exp(g^2))))")}),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("figure", FROM_ROWS)
def test_figures_from_rows(figure: str, case: str) -> None:
    made = FROM_ROWS[figure](CASES[case])
    assert made.render(["svg"])["svg"].startswith(b"<?xml")
    assert made.title
    assert made.reading


@pytest.mark.parametrize("figure", FROM_SPECS)
def test_figures_from_specs(figure: str) -> None:
    made = FROM_SPECS[figure]()
    assert made.render(["svg"])["svg"].startswith(b"<?xml")
    assert made.title
    assert made.reading


@pytest.mark.parametrize("figure", FROM_ROWS)
def test_same_rows_same_bytes(figure: str) -> None:
    one, other = (FROM_ROWS[figure](rows) for rows in (ROWS, list(ROWS)))
    assert one.render(["svg", "pdf"]) == other.render(["svg", "pdf"])
    assert (one.name, one.title, one.reading) == (other.name, other.title, other.reading)


def test_titles_say_n() -> None:
    assert "n = 2" in FROM_ROWS["learning curves"](ROWS).title
    assert "n = 1" in FROM_ROWS["learning curves"](CASES["one seed"]).title
    assert "n = 0" in FROM_ROWS["learning curves"]([]).title
    assert "n = 1 at each rate" in FROM_ROWS["rates"](ROWS).title


@pytest.mark.parametrize("name", ["learning curves", "rates", "accuracies", "ranks"])
def test_titles_of_rows_say_their_profile(name: str) -> None:
    assert "profile tiny" in FROM_ROWS[name](ROWS).title


def test_titles_say_whose_line_is_dashed() -> None:
    assert "Adam dashed" in learning_picture(results_of(study(["Opt1", "Adam"])), "digits").title
    assert "dashed" not in learning_picture(results_of(study(["Opt1"])), "digits").title


def test_bands_are_medians_and_quartiles() -> None:
    rows = study(["Opt1"], seeds=(1, 2, 3))
    band = learning_bands(results_of(rows), "digits")[0]
    curves = np.array([row.curve.validation_accuracy for row in rows if row.phase == "final"])
    np.testing.assert_allclose(band.quartiles[1], np.median(curves, axis=0))
    np.testing.assert_allclose(band.quartiles[0], np.quantile(curves, 0.25, axis=0))
    np.testing.assert_array_equal(band.x, 10.0 * np.arange(1, EPOCHS + 1))


def test_a_diverged_run_guesses_from_there_on() -> None:
    rows = [diverged(row, 2) if row.phase == "final" else row for row in study(["Opt1"], seeds=(1,))]
    band = learning_bands(results_of([*rows, *study(["Adam"], seeds=(1,))]), "digits")[0]
    np.testing.assert_allclose(band.quartiles[1, 2:], 0.1)
    assert band.quartiles[1, 1] == rows[-1].curve.validation_accuracy[1]
    assert band.diverged == 1


def test_training_losses_are_those_of_the_rows_and_of_guessing_once_diverged() -> None:
    rows = study(["Opt1"], seeds=(1, 2, 3))
    band = learning_bands(results_of(rows), "digits", LOSS)[0]
    losses = np.array([row.curve.train_loss for row in rows if row.phase == "final"])
    np.testing.assert_allclose(band.quartiles[1], np.median(losses, axis=0))
    guessing = [diverged(row, 2) if row.phase == "final" else row for row in study(["Opt1"], seeds=(1,))]
    band = learning_bands(results_of([*guessing, *study(["Adam"], seeds=(1,))]), "digits", LOSS)[0]
    np.testing.assert_allclose(band.quartiles[1, 2:], np.log(10))
    made = learning_picture(results_of(rows), "digits", measure=LOSS)
    assert made.name == "training_loss_main_digits"
    assert f"Opt1 ({np.median(losses, axis=0)[-1]:.3g})" in made.reading


def test_optimizers_that_coincide_share_a_panel() -> None:
    rows = study(["Opt1", "Adam"])
    twins = [dataclasses.replace(row, optimizer="Twin") for row in rows if row.optimizer == "Opt1"]
    assert [band.label for band in learning_bands(results_of([*rows, *twins]), "digits")] == [
        "Opt1, Twin",
        "Adam",
    ]
    assert [each.label for each in sensitivities(results_of([*rows, *twins]), "digits")] == ["Opt1, Twin", "Adam"]


def test_rows_of_an_older_spec_do_not_count() -> None:
    old = [dataclasses.replace(row, fingerprint="0" * 16) for row in study(["Opt1"], seeds=(7, 8, 9))]
    band = learning_bands(results_of([*old, *study(["Opt1"], seeds=(1,))]), "digits")[0]
    assert band.n == 1


def test_good_rates_are_those_within_two_points_of_the_best() -> None:
    tuning = [row for row in study(["Opt1"]) if row.phase == "tune"]
    accuracies = dict(zip(RATES, (0.50, 0.885, 0.9, 0.881), strict=True))
    rows = [dataclasses.replace(row, validation_accuracy=accuracies[row.rate]) for row in tuning]
    each = sensitivities(results_of(rows), "digits")[0]
    assert each.good == (0.01, 1.0)
    assert each.chosen is None
    assert "span 2.0 decades for every optimizer" in rate_picture(results_of(rows), "digits").reading


def test_rates_show_every_tuning_seed_that_there_is() -> None:
    tuning = [row for row in study(["Opt1"]) if row.phase == "tune"]
    again = [dataclasses.replace(row, seed=9, validation_accuracy=0.5) for row in tuning if row.rate == 0.1]
    first = next(row.validation_accuracy for row in tuning if row.rate == 0.1)
    each = sensitivities(results_of([*tuning, *again]), "digits")[0]
    assert each.counts == (1, 1, 2, 1)
    assert each.extremes[2] == (0.5, first)
    assert each.accuracies[2] == pytest.approx((0.5 + first) / 2)
    assert each.extremes[0] == (each.accuracies[0],) * 2
    assert "n = 1 to 2 at each rate" in rate_picture(results_of([*tuning, *again]), "digits").title


def test_curves_are_those_of_the_search_space_in_order() -> None:
    curves = search_space_curves()
    assert [each.label.split(" ")[0] for each in curves] == [f"$a_{{{number}}}$" for number in range(1, 15)]
    np.testing.assert_allclose(curves[0].values[:2], [1.0, 1 - 1 / 200])


def test_evolved_decays_name_their_optimizers() -> None:
    decay = get("Opt7").decays[0]
    (each,) = evolved_decays({decay: ("Opt7", "Opt8")})
    assert each.label == r"Opt7, Opt8: $\max\left(a_{6}, a_{10}\right)$"
    assert each.values[100] == 1.0


def test_a_surface_is_the_update_where_a_gradient_follows_constant_ones() -> None:
    axis = np.linspace(-REACH, REACH, POINTS)
    past, gradient = np.meshgrid(axis, axis, indexing="ij")
    np.testing.assert_allclose(surface(get("SGD")), gradient)
    # q1 = 0.3 g + 0.7 v^, and v^ is 0.9 of the past and 0.1 of the present.
    expected = 0.3 * gradient + 0.7 * (0.9 * past + 0.1 * gradient)
    np.testing.assert_allclose(surface(get("Opt1")), expected, atol=5e-5)
    # Clipped to length 1 as a tensor of one number.
    assert np.abs(surface(get("A5"))).max() == pytest.approx(1.0)


def test_states_settle_before_the_gradient_arrives() -> None:
    axis = np.linspace(-REACH, REACH, POINTS)
    past, gradient = np.meshgrid(axis, axis, indexing="ij")
    found = surface(from_text("None ~ expMovAvg(g)"))
    np.testing.assert_allclose(found, 0.05 * gradient + 0.95 * (1 - 0.95**40) * past, atol=1e-9)


def test_effective_steps_follow_the_schedule() -> None:
    lion = effective_steps(get("Lion"))
    assert lion[20] == pytest.approx(1.0)
    assert lion[10] == pytest.approx(0.5)
    assert lion[110] == pytest.approx(0.5)


def test_file_names_hold_nothing_odd() -> None:
    assert file_name("learning", "main", "a task/with $igns") == "learning_main_a-task-with-igns"


def test_graphs_say_what_they_are_made_of() -> None:
    assert optimizer_graph("Opt9", get("Opt9")).reading == (
        "It reads from below upwards: 2 operands and 3 functions, 1 decay function."
    )
    assert decay_graph("Opt7", get("Opt7").decays[0]).reading == "2 curves of training progress and 1 function."


def test_readings_follow_the_numbers() -> None:
    rows = study(["Opt1", "Adam", "A1"], ("digits", "other"))
    level = {"Opt1": 0.8, "Adam": 0.5, "A1": 0.6}
    rows = [
        dataclasses.replace(row, test_accuracy=level[row.optimizer] if row.phase == "final" else None) for row in rows
    ]
    assert accuracy_picture(results_of(rows)).reading == (
        "Highest and lowest mean on digits: Opt1 80.0 % down to Adam 50.0 %; other: Opt1 80.0 % down to Adam 50.0 %. "
        "Better than Adam on digits: 2 UNDECIDED. Better than Adam on other: 2 UNDECIDED."
    )
    means, ranks = overall_pictures([results_of(rows)], "Adam")
    assert means.reading.startswith("Highest: Opt1, 77.8 %; intervals that overlap its: none.")
    assert "Friedman" in ranks.reading
    assert "2 tasks, n = 18 runs" in ranks.title


def test_figures_of_one_task_in_two_studies_are_told_apart_by_their_titles() -> None:
    studies = [results_of(ROWS, name) for name in ("main", "transfer")]
    titles = [made.title for each in studies for made in study_pictures(each, "Adam")]
    assert len(set(titles)) == len(titles)


def test_one_task_is_no_comparison_over_tasks() -> None:
    for made in overall_pictures([results_of(study(["Opt1", "Adam"]))], "Adam"):
        assert made.reading == "Not run: needs two tasks with runs of the same optimizers."
        assert "n = 0" in made.title


def test_bars_join_ranks_closer_than_the_critical_difference() -> None:
    assert rank_cliques([1.0, 1.5, 3.0, 3.2, 5.0], 1.6) == [(0, 1), (1, 2), (2, 3)]
    assert rank_cliques([1.0, 1.5, 2.0], 5.0) == [(0, 2)]
    assert rank_cliques([1.0, 3.0], 1.0) == []
    assert rank_cliques([1.0, 3.0], None) == []


def test_every_study_has_its_figures_under_its_heading() -> None:
    handed_in = curve_picture()
    studies = measured(results_of(ROWS), results_of(ROWS, "noise"))
    found = report_of(studies, [], SearchResults((), (handed_in,))).pictures
    assert list(found) == [SUMMARY, RESULTS, ROBUSTNESS, SEARCH, SPACE]
    assert [made.name for made in found[ROBUSTNESS]] == ["accuracy_noise"]
    assert found[RESULTS][0].name == "accuracy_main"
    # Of two tasks: differences, accuracies, losses and rates. Two seeds are too few for means and ranks over tasks.
    assert len(found[RESULTS]) == 1 + 4 * 2
    assert found[SEARCH] == [handed_in]
    names = [made.name for pictures in found.values() for made in pictures if made is not handed_in]
    assert len(names) == len(set(names))


def test_shrinkage_is_what_fresh_seeds_took_off() -> None:
    made = shrinkage_picture(RESCORED, "profile tiny")
    # 0.9 - 0.81, 0.85 - 0.85 and 0.9 - 0.88; of "brittle" two of three runs count 0 beside Adam, of "never" all.
    assert made.reading == (
        "Fresh seeds took 3.67 points off the score that candidates were chosen by, on average. 5 of 10 runs of theirs "
        "could not be trained. Above Adam's mean by the search's score 4 of 4, by fresh seeds 1."
    )
    assert "n = 1 to 3" in made.title
    assert [each.label for each in RESCORED[3:5]] == ["brittle (2 of 3 not trained)", "never (3 of 3 not trained)"]
    assert b"never (3 of 3 not trained)" in made.render(("svg",))["svg"]


def test_forms_timed_once_do_not_scale() -> None:
    alone = dataclasses.replace(MEMBER_STEPS[0], layout="alone")
    (found,) = scaling([*MEMBER_STEPS, alone]).items()
    assert (found[0], [each.members for each in found[1]]) == (f"{NAMES[2]}, patches", [1, 2, 4])
    assert "0.25 ms with 4 members, 0.25 times that with 1" in engine_picture(MEMBER_STEPS).reading


def test_of_each_framework_the_fastest_form_is_drawn() -> None:
    (found,) = best_forms(FRAMEWORK_TIMES).values()
    assert [(each.size, each.form) for each in found] == [("search", "compiled"), ("full", "eager")]
    assert frameworks_picture(FRAMEWORK_TIMES).reading == f"Times as fast as {NAMES[2]}: 0.5 (full) to 2 (search)."


def test_the_engines_times_are_read_back(tmp_path: Path) -> None:
    path = tmp_path / "member_steps.csv"
    head = "layout,convolution,members,repeats,seconds,low,high,cpu_seconds,device\n"
    path.write_text(f"{head}map,patches,2,5,0.1,0.09,0.2,0.3,a processor\n")
    assert read_step_times(path) == [StepTime("map", "patches", 2, 5, 0.1, 0.09, 0.2, 0.3, "a processor")]
    for line in ("map,patches,two,5,0.1,0.09,0.2,0.3,a processor", "map,patches,2,5,0.1,0.09,0.2,0.3"):
        path.write_text(f"{head}{line}\n")
        with pytest.raises(ReproduceError, match="line 2 is not a measurement; expected the columns layout, "):
            read_step_times(path)
    with pytest.raises(ReproduceError, match="cannot read"):
        read_step_times(tmp_path / "absent.csv")


def test_optimizers_stand_in_the_catalogs_order_whatever_order_runs_ended_in() -> None:
    optimizers = ["Muon", "Adam+LR2", "Adam", "Opt10", "Opt7-nodecay", "Opt7", "Opt9"]
    found = [each.label for each in learning_bands(results_of(study(optimizers)[::-1]), "digits")]
    assert found == ["Opt7", "Opt7-nodecay", "Opt9", "Opt10", "Adam", "Adam+LR2", "Muon"]
