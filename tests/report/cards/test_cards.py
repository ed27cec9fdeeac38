import dataclasses
import math
import re
from collections.abc import Mapping
from typing import Any

import pytest

from paper_optimizers import names
from reproduce.report.cards.card import Card, to_markdown
from reproduce.report.cards.index import all_cards
from reproduce.report.cards.keras import KNOWN
from reproduce.report.page.report import report_of
from reproduce.report.page.search import SearchResults
from reproduce.study.rows import Row
from reproduce.tasks.optimizers import KERAS, make_entrant
from reproduce.tasks.schedules import learning_rates
from reproduce.training.settings import RunLength
from tests.report.figure_cases import cost_of, diverged, measured, results_of, study


def card_of(name: str, *rows: Row, shape: Mapping[str, float] | None = None, **options: object):
    found = measured(*([results_of(rows, **shape or {})] if rows or shape else []), **options)
    return next(card for card in all_cards(found) if card.name == name)


def with_test(rows: list[Row], accuracies: dict[str, tuple[float, ...]]) -> list[Row]:
    """The rows with these test accuracies of the final runs, by seed from 1."""
    return [
        dataclasses.replace(row, test_accuracy=accuracies[row.optimizer][row.seed - 1]) if row.phase == "final" else row
        for row in rows
    ]


def test_there_is_a_card_for_every_optimizer_that_can_take_part_and_for_those_handed_in() -> None:
    found = [card.name for card in all_cards(measured())]
    assert found == [*names(), *KNOWN]
    assert set(KERAS) <= set(found)
    own = dataclasses.replace(card_of("Opt1"), name="#143")
    assert report_of(measured(), [], SearchResults((), (), (own,))).cards[-1] is own


def test_what_was_not_measured_says_so() -> None:
    text = to_markdown(card_of("Opt7"))
    assert "Range that works: not measured." in text
    for line in ("Time of a step", "Better than Adam", "Diverged"):
        assert f"**{line}.** Not measured." in text


def test_a_card_says_what_its_optimizer_needs() -> None:
    four, five, six = (to_markdown(card_of(name)) for name in ("Opt4", "Opt5", "Opt6"))
    assert "**Needs.** A learning rate that falls to 0, such as WarmupHoldCosine:" in four
    assert "**Needs.** Clipped gradients: the update grows" in four
    assert five.count("**Needs.** ") == 1
    assert all("**Clipping.** Our runs had none. Add clipnorm=1" in each for each in (four, five))
    assert "Needs" not in six
    assert "Clipping" not in six


def test_a_card_has_the_verdicts_of_the_tables() -> None:
    rows = with_test(
        study(["Opt7", "Adam", "A1", "Opt9"]),
        {"Adam": (0.5, 0.6, 0.7), "Opt7": (0.6, 0.7, 0.81), "A1": (0.4, 0.5, 0.59), "Opt9": (0.4, 0.6, 0.85)},
    )
    # Three comparisons of one family: t(0.96, 3 together, 2 degrees of freedom) = 8.58, times 0.577 / sqrt(3) points.
    won, lost, open_ = (to_markdown(card_of(name, *rows)) for name in ("Opt7", "A1", "Opt9"))
    assert "**Better than Adam.** SUPPORTED on digits (main), +10.3 points (+7.5 to +13.2), n = 3." in won
    assert "**Better than Adam.** CONTRADICTED on digits (main), -10.3 points (-13.2 to -7.5), n = 3." in lost
    assert "**Better than Adam.** UNDECIDED on digits (main), +1.7 points (-60.6 to +64.0), n = 3, " in open_
    assert re.search(r"n = 3, \d+ would settle it\.", open_)
    assert "**Better than Adam.** It is the reference." in to_markdown(card_of("Adam", *rows))


def test_optimizers_that_are_one_function_say_so() -> None:
    rows = with_test(study(["Opt7", "Adam"]), {"Adam": (0.5, 0.6, 0.7), "Opt7": (0.6, 0.7, 0.81)})
    twins = [
        dataclasses.replace(row, optimizer="Opt8", fingerprint="8" * 16) for row in rows if row.optimizer == "Opt7"
    ]
    text = to_markdown(card_of("Opt8", *rows, *twins))
    assert "(+8.7 to +11.9), n = 3, one function there with Opt7." in text


def test_a_diverged_run_counts_and_is_said() -> None:
    rows = [diverged(row) if row.optimizer == "Opt7" and row.seed == 1 else row for row in study(["Opt7", "Adam"])]
    card = card_of("Opt7", *rows)
    assert "**Diverged.** 1 of 3 final runs." in to_markdown(card)
    (comparison,) = card.comparisons
    others = [row.test_accuracy for row in rows if row.optimizer == "Opt7" and row.phase == "final" and row.seed != 1]
    assert comparison.test.mean == pytest.approx((0.1 + sum(others)) / 3)


def test_the_measured_rates_are_on_the_card_and_in_the_usage() -> None:
    tuning = [row for row in study(["Opt9"]) if row.phase == "tune"]
    accuracies = {0.001: 0.5, 0.01: 0.89, 0.1: 0.9, 1.0: 0.3}
    rows = [dataclasses.replace(row, validation_accuracy=accuracies[row.rate]) for row in tuning]
    card = card_of("Opt9", *rows)
    assert "cosine within two points of the best: 0.01 to 0.1 on digits (main)." in to_markdown(card)
    assert "Opt9(0.03, total_steps=total_steps, warmup_steps=int(0.1 * total_steps))" in card.usage


def test_the_usage_has_the_warm_up_and_the_hold_of_the_runs() -> None:
    shape = {"warmup_fraction": 0.05, "hold_fraction": 0.2}
    steps = "total_steps=total_steps, warmup_steps=int(0.05 * total_steps), hold_steps=int(0.2 * total_steps)"
    assert f"Opt1(learning_rate, {steps})" in card_of("Opt1", shape=shape).usage
    assert f"Muon(WarmupHoldCosine(learning_rate, {steps}))" in card_of("Muon", shape=shape).usage
    none = card_of("Adam", shape={"warmup_fraction": 0.0}).usage
    assert 'GraphOptimizer(get("Adam"), learning_rate, total_steps=total_steps, warmup_steps=0)' in none


def test_the_rate_of_the_usage_is_that_of_the_runs_in_every_step() -> None:
    """The training code's own rates, which are set before each step, as the oracle."""
    pytest.importorskip("keras")
    length = RunLength(total_steps=60, warmup_steps=6, hold_steps=0)
    for name in ("Opt9", "Muon", "ScheduleFreeAdamW"):
        card = card_of(name, *[row for row in study([name]) if row.phase == "tune"])
        optimizer = made_by(card, epochs=4, steps_per_epoch=15)
        (rate,) = re.findall(rf"{name}\((?:WarmupHoldCosine\()?([\d.e-]+),", card.usage)
        expected = learning_rates(make_entrant(name, "test"), float(rate), length)
        found = [float(optimizer._learning_rate(step)) for step in range(60)]
        assert found == pytest.approx(list(expected), rel=1e-5, abs=1e-6 * float(rate)), name


def test_what_keras_alone_has_says_why_there_is_no_graph() -> None:
    rows = with_test(study(["Muon", "Adam"]), {"Adam": (0.5, 0.6, 0.7), "Muon": (0.6, 0.7, 0.81)})
    card = card_of("Muon", *rows, step_costs=cost_of("Muon", 0.1, 1.5))
    assert (card.graph, card.update, card.invariances) == (None, None, ())
    text = to_markdown(card)
    assert "**Equation and graph.** None: it is a class of Keras" in text
    assert "u = " not in text
    assert "**Better than Adam.** SUPPORTED on digits (main), +10.3 points (+8.7 to +11.9), n = 3." in text
    assert "cosine within two points of the best: " in text
    assert "100.0 ms, 1.50 of Keras Adam's" in text


@pytest.mark.parametrize(("name", "matrix", "other"), [("Nadam", 2, 2), ("Muon", 1, 2), ("ScheduleFreeAdamW", 2, 2)])
def test_what_keras_own_keep_is_what_their_cards_say(name: str, matrix: int, other: int) -> None:
    keras = pytest.importorskip("keras")
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(5, name="dense")])
    exec(card_of(name).usage, {"model": model, "epochs": 2, "steps_per_epoch": 3, "learning_rate": 0.1})
    optimizer = model.optimizer
    optimizer.build(model.trainable_variables)
    kept = [size for each in optimizer.variables if (size := math.prod(each.shape)) > 1]
    assert sum(kept) == matrix * 15 + other * 5
    told = str(other) if matrix == other else f"{matrix} or {other}"
    assert card_of(name).state.startswith(f"{told} numbers for every weight")


@pytest.mark.parametrize("name", ["Opt1", "Opt10", "Lion", "Opt1-released"])
def test_the_usage_is_a_few_lines_that_run(name: str) -> None:
    pytest.importorskip("keras")
    card = card_of(name)
    assert card.usage.count("\n") <= 5
    assert made_by(card, epochs=2, steps_per_epoch=3).built is False


def made_by(card: Card, epochs: int, steps_per_epoch: int) -> Any:
    """The optimizer that a card's lines make, with a rate where the card leaves that open."""
    keras = pytest.importorskip("keras")
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)])
    names = {"model": model, "epochs": epochs, "steps_per_epoch": steps_per_epoch, "learning_rate": 0.1}
    exec(card.usage, names)
    return model.optimizer


@pytest.mark.parametrize(
    ("name", "states"), [("SGD", 0), ("Adam", 2), ("Opt1", 2), ("Opt9", 2), ("Opt10", 1), ("A1", 2)]
)
def test_states_are_averages_and_momentum(name: str, states: int) -> None:
    assert card_of(name).state.startswith(f"{states} number")


def test_costs_are_shown_with_their_device() -> None:
    card = card_of("Opt7", step_costs=cost_of("Opt7", 0.123, 1.04))
    assert "123.0 ms, 1.04 of Keras Adam's beside it (a processor)." in to_markdown(card)


def test_markdown_has_the_equation_and_no_markup_of_the_page() -> None:
    text = to_markdown(card_of("Opt9"))
    assert "    u = erfc(a11) g exp(arctan(q2))" in text
    assert "Then Nesterov momentum." in text
    assert not re.search(r"</?\w+>", text)
