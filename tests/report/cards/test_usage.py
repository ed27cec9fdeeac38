"""The code on cards trains: each is run as it is printed, on scikit-learn's digits, with the rates of the kept rows."""

from functools import cache
from typing import Any

import pytest

from paper_optimizers import names
from reproduce.data import load_dataset
from reproduce.report.cards.card import Card
from reproduce.report.cards.finds import find_cards
from reproduce.report.cards.index import all_cards
from reproduce.report.cards.keras import KNOWN
from reproduce.report.cards.usage import UNKNOWN_RATE
from reproduce.report.collection import Collection, read_collection
from reproduce.report.pages import ARTIFACT
from reproduce.report.results import REFERENCE
from reproduce.study.protocol import load_protocol
from tests.report.figure_cases import measured

EPOCHS, BATCH = 5, 64
#: Ten classes are guessed with 0.1.
GOOD = 0.6


@cache
def found(profile: str) -> Collection:
    return read_collection(ARTIFACT / "results", profile)


@cache
def cards_of(profile: str) -> dict[str, Card]:
    """The cards of a profile whose rates were measured."""
    kept = found(profile)
    finds = [] if kept.search is None else find_cards(kept.search, [], REFERENCE)
    return {card.name: card for card in [*all_cards(kept), *finds] if UNKNOWN_RATE not in card.usage}


def accuracy_of(card: Card, profile: str) -> float:
    """Test accuracy on digits after the card's code and a short training of the network that its rates are for."""
    keras = pytest.importorskip("keras")
    from reproduce.models.registry import build_model

    digits = load_dataset(load_protocol("smoke").tasks[0].data)
    images, labels = digits.train.inputs, digits.train.labels
    steps_per_epoch = len(labels) // BATCH
    used = steps_per_epoch * BATCH
    keras.utils.set_random_seed(0)
    model = build_model(load_protocol(profile).tasks[0].model, digits)
    known: dict[str, Any] = {"model": model, "epochs": EPOCHS, "steps_per_epoch": steps_per_epoch}
    exec(compile(card.usage, card.name, "exec"), known)
    model.fit(images[:used], labels[:used], batch_size=BATCH, epochs=EPOCHS, verbose=0)
    if hasattr(model.optimizer, "move_to_mean"):  # As the card says.
        model.optimizer.move_to_mean(model.trainable_variables)
        for first in range(0, used, BATCH):
            model(images[first : first + BATCH], training=True)
    return float((model.predict(digits.test.inputs, verbose=0).argmax(axis=-1) == digits.test.labels).mean())


@pytest.mark.parametrize("name", ["Opt4", "Opt9", "Muon", "Momentum", "ScheduleFreeAdamW"])
def test_the_code_of_a_card_trains(name: str) -> None:
    assert accuracy_of(cards_of("smoke")[name], "smoke") > GOOD


@pytest.mark.slow
def test_the_code_of_every_card_trains() -> None:
    """Cards of other profiles have the same lines with other rates."""
    accuracies = {name: accuracy_of(card, "small") for name, card in cards_of("small").items()}
    assert len(accuracies) > len(KNOWN) + 15
    assert {name: accuracy for name, accuracy in accuracies.items() if accuracy <= GOOD} == {}


def test_a_card_without_measured_rates_leaves_the_rate_to_its_reader() -> None:
    open_ = [name for name in (*names(), *KNOWN) if name not in cards_of("smoke")]
    assert "Opt1-released" in open_
    by_name = {card.name: card for card in all_cards(measured())}
    assert all(
        f"({UNKNOWN_RATE}, " in by_name[name].usage or f", {UNKNOWN_RATE}, " in by_name[name].usage for name in open_
    )
