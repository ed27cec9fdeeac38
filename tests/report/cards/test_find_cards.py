"""The cards of what the kept search found, against its ledgers read as plain JSON."""

import json
import re
from statistics import fmean

import pytest

from paper_optimizers import describe, from_text, names
from paper_optimizers.spec import OptimizerSpec
from reproduce.report.cards.card import Card, to_markdown
from reproduce.report.cards.finds import find_cards
from reproduce.report.cards.invariances import measure
from reproduce.report.collection import read_collection
from reproduce.report.page.search import search_results
from reproduce.report.pages import ARTIFACT

PLACE = ARTIFACT / "results" / "smoke" / "search"
FOUND = read_collection(ARTIFACT / "results", "smoke")
CARDS = {card.name: card for card in search_results(FOUND).cards}


def lines(name: str) -> list[dict]:
    return [json.loads(line) for line in (PLACE / name).read_text("utf-8").splitlines()]


def fact(card: Card, heading: str) -> str:
    return dict(card.facts)[heading]


def test_each_spec_file_of_a_finalist_has_its_card() -> None:
    files = {path.stem: path for path in (PLACE / "finalists").glob("*.json")}
    assert {card.file for card in CARDS.values()} == set(files)
    for card in CARDS.values():
        spec = OptimizerSpec.from_json(files[card.file].read_text("utf-8"))
        assert from_text(card.update).fingerprint() == spec.fingerprint()


@pytest.mark.parametrize("name", CARDS)
def test_it_says_what_the_ledgers_say(name: str) -> None:
    card, number = CARDS[name], int(name.removeprefix("#"))
    records = lines("ledger.jsonl")
    scores = [
        (each["outcome"]["score"], each["outcome"]["rate"])
        for each in records
        if each["record"] == "evaluation" and each["sample"] == number and each["stage"] == "evolution"
    ]
    score, rate = max(scores)
    assert fact(card, "Searched").startswith(f"{100 * score:.2f} % on the evolution stage at the rate {rate:g}: place ")
    fingerprint = next(each for each in records if each["record"] == "sample" and each["number"] == number)[
        "fingerprint"
    ]
    again = [each for each in lines("rescoring.jsonl") if each["fingerprint"] == fingerprint]
    trained = [each["outcome"]["score"] for each in again if each["outcome"]["kind"] == "trained"]
    text = fact(card, "Scored again")
    assert text.startswith(f"{100 * fmean(trained):.2f} ± ")
    assert f"n = {len(trained)} of {len(again)} fresh seeds" in text
    (comparison,) = card.comparisons
    assert (comparison.test.n, comparison.diverged) == (len(again), len(again) - len(trained))


@pytest.mark.parametrize("name", CARDS)
def test_its_descent_is_that_of_the_ledger(name: str) -> None:
    parents = {each["number"]: each["parent"] for each in lines("ledger.jsonl") if each["record"] == "sample"}
    line = [int(name.removeprefix("#"))]
    while parents[line[-1]] is not None:
        line.append(parents[line[-1]])
    told = re.findall(r"#(\d+) \(", fact(CARDS[name], "Descent"))
    assert [int(number) for number in told] == (line[::-1] if len(line) > 1 else [])


def test_the_elimination_is_on_the_cards() -> None:
    survivors = {path.stem for path in (FOUND.folder / "elimination" / "finalists").glob("*.json")}
    assert {
        card.file for card in CARDS.values() if fact(card, "Elimination").endswith("; among the last.")
    } == survivors
    assert FOUND.search is not None
    assert fact(find_cards(FOUND.search, [], "Adam")[0], "Elimination") == "Did not take part."


def test_without_its_reference_nothing_is_won_or_lost() -> None:
    assert FOUND.search is not None
    card = find_cards(FOUND.search, [], "Nadam")[0]
    assert card.comparisons == ()
    assert "**Better than Nadam.** Not measured." in to_markdown(card)


def test_its_usage_makes_the_optimizer() -> None:
    keras = pytest.importorskip("keras")
    for card in CARDS.values():
        assert card.usage.count("\n") == 4
        model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)])
        exec(card.usage, {"model": model, "epochs": 2, "steps_per_epoch": 3})
        assert model.optimizer.spec.fingerprint() == from_text(card.update).fingerprint()


@pytest.mark.parametrize("name", names())
def test_measured_invariances_are_those_that_the_catalog_claims(name: str) -> None:
    entry = describe(name)
    assert measure(entry.spec) == entry.invariances
