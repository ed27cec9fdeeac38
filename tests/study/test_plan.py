import dataclasses
import math
import random

import pytest

from reproduce.study.plan import Plan
from reproduce.study.protocol import StudyProtocol
from reproduce.study.rows import Job, Row
from reproduce.study.tuning import Setting, tune
from reproduce.tasks.rates import Choice
from tests.study.cases import ENTRANTS, TINY, TWO_TASKS, diverged_row, invented_row

OPT1 = ENTRANTS[0]


def finish(rows: list[Row], order: random.Random | None = None) -> list[Row]:
    rows = list(rows)
    while jobs := Plan(TINY, ENTRANTS, rows).jobs():
        rows.append(invented_row(order.choice(jobs) if order else jobs[0]))
    return rows


def tuned(*accuracies: float | None, rates: tuple[float, ...] = TINY.rates.grid) -> list[Row]:
    jobs = [Job("digits", "Opt1", "tune", rate, 0) for rate in rates]
    return [
        diverged_row(job) if accuracy is None else invented_row(job, validation_accuracy=accuracy)
        for job, accuracy in zip(jobs, accuracies, strict=True)
    ]


def choose(rows: list[Row]) -> Choice:
    return choose_by(TINY, rows)


def choose_by(protocol: StudyProtocol, rows: list[Row]) -> Choice:
    return tune(protocol, "Opt1", rows).choice


def test_it_begins_with_the_whole_grid_of_everyone() -> None:
    assert Plan(TINY, ENTRANTS, []).jobs() == [
        Job("digits", entrant.name, "tune", rate, 0) for entrant in ENTRANTS for rate in TINY.rates.grid
    ]
    assert Plan(TINY, ENTRANTS, []).left() == 4 * (3 + 2)


def test_the_best_rate_is_run_with_fresh_seeds() -> None:
    jobs = Plan(TINY, [OPT1], tuned(0.5, 0.8, 0.6)).jobs()
    assert jobs == [Job("digits", "Opt1", "final", 0.1, 1), Job("digits", "Opt1", "final", 0.1, 2)]


def test_a_final_seed_goes_over_all_optimizers_before_the_next_and_tuning_before_it() -> None:
    rows = [
        *tuned(0.5, 0.8, 0.6),
        *(dataclasses.replace(row, optimizer="A1", fingerprint="2" * 16) for row in tuned(0.5, 0.8, 0.6)),
    ]
    jobs = Plan(TINY, ENTRANTS[:3], rows).jobs()
    assert [(job.optimizer, job.phase, job.seed) for job in jobs] == [
        *[("SGD", "tune", 0)] * 3,
        *(("Opt1", "final", 1), ("A1", "final", 1), ("Opt1", "final", 2), ("A1", "final", 2)),
    ]


def test_the_grid_grows_at_the_edge_where_the_best_is() -> None:
    assert Plan(TINY, [OPT1], tuned(0.5, 0.6, 0.8)).jobs() == [Job("digits", "Opt1", "tune", 10.0, 0)]
    assert Plan(TINY, [OPT1], tuned(0.8, 0.6, 0.5)).jobs() == [Job("digits", "Opt1", "tune", 0.001, 0)]


def test_growth_ends_at_the_limit_and_is_marked() -> None:
    rows = tuned(0.1, 0.2, 0.3, 0.4, 0.5, rates=(0.01, 0.1, 1.0, 10.0, 100.0))
    choice = choose(rows)
    assert (choice.rates, choice.rate, choice.at_edge) == ((0.01, 0.1, 1.0, 10.0, 100.0), 100.0, True)
    assert {job.phase for job in Plan(TINY, [OPT1], rows).jobs()} == {"final"}


def test_growth_stops_where_the_best_is_inside_again() -> None:
    choice = choose(tuned(0.1, 0.2, 0.5, 0.4, rates=(0.01, 0.1, 1.0, 10.0)))
    assert (choice.rate, choice.at_edge, choice.value) == (1.0, False, (0.5, -1.5))


def test_extra_rates_are_round() -> None:
    rates = dataclasses.replace(TINY.rates, grid=(1e-4, 3.16e-4, 1e-3, 3.16e-3, 1e-2, 3.16e-2, 1e-1, 3.16e-1, 1.0))
    assert rates.grown(2, 3) == (1e-5, 3.16e-5, *rates.grid, 3.16, 10.0, 31.6)


def test_equal_accuracies_are_decided_by_loss_and_then_by_the_lower_rate() -> None:
    rows = tuned(0.1, 0.8, 0.8, 0.2, rates=(0.01, 0.1, 1.0, 10.0))
    assert choose(rows).rate == 0.1
    better = dataclasses.replace(rows[2].curve, validation_loss=(2.0, 1.4))
    rows[2] = dataclasses.replace(rows[2], curve=better)
    assert choose(rows).rate == 1.0


def test_a_diverged_run_counts_and_ranks_last() -> None:
    assert choose(tuned(0.01, 0.02, None)).rate == 0.1
    rows = tuned(None, None, None, None, None, rates=(0.0001, 0.001, 0.01, 0.1, 1.0))
    choice = choose(rows)
    assert (choice.rate, choice.value, choice.at_edge) == (0.0001, (-math.inf, -math.inf), True)
    assert len(Plan(TINY, [OPT1], rows).jobs()) == 2


def test_several_tuning_seeds_are_averaged_and_one_divergence_is_enough() -> None:
    protocol = dataclasses.replace(TINY, seeds=dataclasses.replace(TINY.seeds, tune=(0, 9)))
    means = {0.01: (0.5, 0.5), 0.1: (0.9, 0.2), 1.0: (0.4, 0.8), 10.0: (0.1, 0.1)}
    rows = [
        invented_row(Job("digits", "Opt1", "tune", rate, seed), validation_accuracy=value)
        for rate, values in means.items()
        for seed, value in zip((0, 9), values, strict=True)
    ]
    assert choose_by(protocol, rows).rate == 1.0
    rows[5] = diverged_row(rows[5].job)
    assert choose_by(protocol, rows).rate == 0.1
    assert choose_by(protocol, rows[:-1]).rate is None or choose_by(protocol, rows[:-1]).rate == 0.1


THREE = dataclasses.replace(
    TINY,
    rates=dataclasses.replace(TINY.rates, finalists=2),
    seeds=dataclasses.replace(TINY.seeds, tune=(0, 7, 8)),
)


def three(values: dict[float, tuple[float, ...]], decay: float | None = None) -> list[Row]:
    """Tuning rows of the seeds 0, 7 and 8, as far as values are given."""
    return [
        invented_row(Job("digits", "Opt1", "tune", rate, seed, decay), weight_decay=decay, validation_accuracy=value)
        for rate, given in values.items()
        for seed, value in zip((0, 7, 8), given, strict=False)
    ]


def test_further_seeds_are_spent_on_the_best_rates_of_the_first_and_their_mean_decides() -> None:
    rows = three({0.01: (0.5,), 0.1: (0.7,), 1.0: (0.6,)})
    assert [(job.rate, job.seed) for job in Plan(THREE, [OPT1], rows).jobs()] == [
        (0.1, 7),
        (0.1, 8),
        (1.0, 7),
        (1.0, 8),
    ]
    rows = three({0.001: (0.1,), 0.01: (0.6, 0.6, 0.9), 0.1: (0.7, 0.5, 0.5), 1.0: (0.3,)})
    tuning = tune(THREE, "Opt1", rows)
    assert (tuning.setting, tuning.choice.value[0]) == (Setting(0.01), pytest.approx(0.7))


def test_the_grid_grows_where_further_seeds_bring_the_best_to_an_edge() -> None:
    rows = three({0.01: (0.6, 0.9, 0.9), 0.1: (0.7, 0.5, 0.5), 1.0: (0.3,)})
    assert [(job.rate, job.seed) for job in Plan(THREE, [OPT1], rows).jobs()] == [(0.001, 0)]
    assert tune(THREE, "Opt1", [*rows, *three({0.001: (0.1,)})]).setting == Setting(0.01)
    better = [*rows, *three({0.001: (0.65,)})]
    assert [(job.rate, job.seed) for job in Plan(THREE, [OPT1], better).jobs()] == [(0.001, 7), (0.001, 8)]


def test_weight_decays_are_tuned_beside_the_rate() -> None:
    optimizers = dataclasses.replace(THREE.optimizers, weight_decays={"Opt1": (0.0, 0.5)})
    protocol = dataclasses.replace(THREE, optimizers=optimizers)
    begun = Plan(protocol, [OPT1], []).jobs()
    assert [(job.rate, job.weight_decay) for job in begun] == [
        *((rate, 0.0) for rate in TINY.rates.grid),
        *((rate, 0.5) for rate in TINY.rates.grid),
    ]
    rows = [
        *three({0.01: (0.5,), 0.1: (0.7, 0.6, 0.6), 1.0: (0.6,)}, 0.0),
        *three({0.01: (0.5,), 0.1: (0.8, 0.6, 0.7), 1.0: (0.4,)}, 0.5),
    ]
    assert tune(protocol, "Opt1", rows).setting == Setting(0.1, 0.5)
    finals = Plan(protocol, [OPT1], rows).jobs()
    assert finals == [Job("digits", "Opt1", "final", 0.1, seed, 0.5) for seed in (1, 2)]
    assert tune(protocol, "A1", []).wanted[0] == (Setting(0.01), 0)
    assert Plan(protocol, [OPT1], []).left() == 2 * 3 + 2 * 2 + 2


def test_a_diverged_finalist_ranks_below_one_that_was_worse() -> None:
    rows = three({0.001: (0.1,), 0.01: (0.6, 0.6, 0.6), 0.1: (0.7, 0.7), 1.0: (0.3,)})
    rows.append(diverged_row(Job("digits", "Opt1", "tune", 0.1, 8)))
    assert tune(THREE, "Opt1", rows).setting == Setting(0.01)


def test_the_plan_depends_on_nothing_but_the_rows() -> None:
    rows = finish([])
    for cut in range(0, len(rows), 3):
        expected = Plan(TINY, ENTRANTS, rows[:cut]).jobs()
        shuffled = random.Random(cut).sample(rows[:cut], cut)
        assert Plan(TINY, ENTRANTS, shuffled).jobs() == expected
        assert Plan(TINY, ENTRANTS, rows[:cut]).jobs() == expected


@pytest.mark.parametrize("seed", range(5))
def test_any_order_and_any_interruption_ends_with_the_same_rows(seed: int) -> None:
    def key(row: Row) -> str:
        return str(row.job)

    expected = sorted(finish([]), key=key)
    order = random.Random(seed)
    partial = finish([], order)[: order.randrange(len(expected))]
    assert sorted(finish(partial, order), key=key) == expected


def test_rows_of_an_older_spec_do_not_count() -> None:
    rows = [dataclasses.replace(row, fingerprint="0" * 16) for row in tuned(0.5, 0.8, 0.6)]
    assert len(Plan(TINY, [OPT1], rows).jobs()) == 3


def test_each_task_has_its_own_rate_and_a_row_added_counts_at_once() -> None:
    plan = Plan(TWO_TASKS, [OPT1], tuned(0.5, 0.8, 0.6))
    assert plan.left() == 2 + 3 + 2
    for rate, accuracy in zip(TINY.rates.grid, (0.2, 0.1, 0.05), strict=True):
        plan.add(invented_row(Job("again", "Opt1", "tune", rate, 0), validation_accuracy=accuracy))
    assert plan.jobs() == [
        *(Job("digits", "Opt1", "final", 0.1, seed) for seed in (1, 2)),
        Job("again", "Opt1", "tune", 0.001, 0),
    ]
    plan.add(invented_row(Job("elsewhere", "Opt1", "tune", 0.1, 0)))
    assert plan.left() == 2 + 1 + 2


def test_nothing_is_left_in_the_end() -> None:
    rows = finish([])
    assert Plan(TINY, ENTRANTS, rows).left() == 0
    assert len({row.job for row in rows}) == len(rows)
