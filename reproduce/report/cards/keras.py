"""Cards of optimizers that Keras alone has: classes, not specs, so there is no equation and no graph of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from reproduce.report.cards.card import Card
from reproduce.report.cards.usage import Shape, rate_text, usage_of
from reproduce.report.style import file_name
from reproduce.tasks.optimizers import SCHEDULE_FREE


class KerasOptimizer(NamedTuple):
    """The facts about one of them that are known without measuring.

    Attributes:
        origin: Where it was published.
        words: What it does.
        numbers: How many numbers it keeps for every weight.
        module: Where its class is.
        deviations: How it differs from its origin; empty where it does not.
        where: For which weights how many, where it is not the same for all.
    """

    origin: str
    words: str
    numbers: str
    module: str = "keras.optimizers"
    deviations: str = ""
    where: str = ""


#: By the names of protocols.
KNOWN: Mapping[str, KerasOptimizer] = {
    "Nadam": KerasOptimizer(
        "T. Dozat, Incorporating Nesterov momentum into Adam, ICLR workshop 2016",
        "As Adam, with the average gradient taken one step ahead: the present gradient counts more than in Adam. The "
        "share of the past grows over the first steps.",
        "2",
        deviations="Rows of the engine are of Optax' Nadam, in which that share is the same from the first step on.",
    ),
    "Muon": KerasOptimizer(
        "K. Jordan et al., Muon, 2024; scaled as in Liu et al., arXiv 2502.16982",
        "Makes the averaged gradient of a weight matrix orthogonal by five Newton-Schulz steps, so that every "
        "direction of the matrix moves alike. What is not a matrix follows AdamW. In Keras a convolution's kernel is "
        "none: of a convolutional network it moves the last layer alone, which its authors leave to AdamW.",
        "1 or 2",
        deviations="Rows of the engine are of the same rule, put together from parts of Optax.",
        where=" (1 for those of a matrix)",
    ),
    "ScheduleFreeAdamW": KerasOptimizer(
        "Defazio et al., The Road Less Scheduled, 2024, arXiv 2405.15682",
        "As AdamW at a constant rate after the warm-up; what is kept is the mean of all weights so far, and gradients "
        "are taken between that mean and the last weights. Results here are measured at the mean, to which "
        "optimizer.move_to_mean(model.trainable_variables) moves the model after training. Batch normalization then "
        "needs its statistics at the mean: call the model on some training batches with training=True.",
        "2",
        "reproduce.training.schedule_free",
        "Keras 3.15 takes gradients at the mean itself on TensorFlow and PyTorch; measured is a class that takes them "
        "where the paper does. On TensorFlow, `fit` also starts Keras' z at 0; this class starts it at the weights. "
        "Rows of the engine are of Optax' form, in which the weights of the warm-up count less in the mean.",
    ),
}
_NO_SPEC = "None: it is a class of Keras, not a spec, and is run as it is. Its invariances were not measured."


def keras_card(name: str, rate: float | None, shape: Shape) -> Card:
    """Make the card of one of `KNOWN` without runs; its usage has this rate, of this shape."""
    known = KNOWN[name]
    return Card(
        name=name,
        file=file_name(name),
        family="Baseline that Keras alone has",
        origin=known.origin,
        words=known.words,
        deviations=known.deviations,
        facts=(("Equation and graph", _NO_SPEC),),
        state=f"{known.numbers} numbers for every weight{known.where}, of 4 bytes each in float32.",
        usage=_usage(name, known.module, rate, shape),
    )


def _usage(name: str, module: str, rate: float | None, shape: Shape) -> str:
    arguments = shape.until_the_end if name in SCHEDULE_FREE else shape.arguments
    start = f"from {module} import {name}\nfrom paper_optimizers import WarmupHoldCosine"
    return usage_of(start, f"{name}(WarmupHoldCosine({rate_text(rate)}, {arguments}))")
