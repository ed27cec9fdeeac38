"""The code on cards trains: each is run as it is printed, on scikit-learn's digits, with the rates of the kept rows."""

from functools import cache
from typing import Any

import pytest

from paper_optimizers import names
from reproduce.report.cards.card import Card
from reproduce.report.cards.finds import find_cards
from reproduce.report.cards.index import all_cards
from reproduce.report.cards.keras import KNOWN
from reproduce.report.cards.usage import UNKNOWN_RATE
from reproduce.report.collection import Collection, read_collection
from reproduce.report.results import REFERENCE
from tests.report.artifact_compute import ARTIFACT
from tests.report.figure_cases import measured

EPOCHS, BATCH = 4, 32
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


def accuracy_of(card: Card) -> float:
    """Test accuracy after the card's code and a short training of a small network, normalised as the studies' are."""
    keras = pytest.importorskip("keras")
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    images = images.reshape(-1, 8, 8, 1) / 16
    keras.utils.set_random_seed(0)
    layers = keras.layers
    model = keras.Sequential(
        [layers.Conv2D(16, 3), layers.BatchNormalization(), layers.Activation("swish"), layers.Flatten()]
    )
    model.add(layers.Dense(10))
    known: dict[str, Any] = {"model": model, "epochs": EPOCHS, "steps_per_epoch": -(-1437 // BATCH)}
    exec(compile(card.usage, card.name, "exec"), known)
    model.fit(images[:1437], labels[:1437], batch_size=BATCH, epochs=EPOCHS, verbose=0)
    if hasattr(model.optimizer, "move_to_mean"):  # As the card says.
        model.optimizer.move_to_mean(model.trainable_variables)
    scores = keras.ops.convert_to_numpy(model(images[1437:]))
    return float((scores.argmax(axis=-1) == labels[1437:]).mean())


@pytest.mark.parametrize("name", ["Opt4", "Opt9", "Muon"])
def test_the_code_of_a_card_trains(name: str) -> None:
    assert accuracy_of(cards_of("smoke")[name]) > GOOD


@pytest.mark.slow
@pytest.mark.parametrize("profile", ["smoke", "small"])
def test_the_code_of_every_card_trains(profile: str) -> None:
    accuracies = {name: accuracy_of(card) for name, card in cards_of(profile).items()}
    assert len(accuracies) > len(KNOWN) + 15
    assert {name: accuracy for name, accuracy in accuracies.items() if accuracy <= GOOD} == {}


def test_a_card_without_measured_rates_leaves_the_rate_to_its_reader() -> None:
    open_ = [name for name in (*names(), *KNOWN) if name not in cards_of("smoke")]
    assert "Opt1-released" in open_
    by_name = {card.name: card for card in all_cards(measured())}
    assert all(
        f"({UNKNOWN_RATE}, " in by_name[name].usage or f", {UNKNOWN_RATE}, " in by_name[name].usage for name in open_
    )
