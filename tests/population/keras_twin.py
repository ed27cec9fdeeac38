"""The engine's surrogate and the same network in Keras, trained on the same weights and batches."""

from __future__ import annotations

import keras
import numpy as np
from sklearn.datasets import load_digits

from paper_optimizers import GraphOptimizer
from paper_optimizers.namespaces import NUMPY
from paper_optimizers.one_cycle import base_rate
from reproduce.batches import passes
from reproduce.population.assembly import Member
from reproduce.population.engine import Population
from reproduce.population.networks.convnet import ConvNet
from reproduce.population.problems import classification

BATCH = 32
SIZE = 8


def digits() -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Training and validation images, half each, 8 x 8 pixels of 0 to 16."""
    images, labels = load_digits(return_X_y=True)
    images, labels = images.reshape(-1, SIZE, SIZE, 1).astype(np.float32), labels.astype(np.int32)
    return (images[::2], labels[::2]), (images[1::2], labels[1::2])


def convnet(dropout: float) -> ConvNet:
    return ConvNet(4, 1, 10, scale=1 / 16, dropout=dropout, batch_norm_momentum=0.9)


def keras_network(network: ConvNet, seed: int) -> keras.Model:
    """The same network in Keras; its dropout is seeded by ``seed``."""
    layers = keras.layers
    x = image = keras.Input((SIZE, SIZE, network.channels))
    x = layers.Rescaling(network.scale)(x)
    for factor, stride in ((1, 1), (2, 2), (4, 2)):
        x = layers.Conv2D(factor * network.base_filters, 3, stride, padding="same")(x)
        x = layers.BatchNormalization(momentum=network.batch_norm_momentum)(x)
        x = layers.Activation("swish")(x)
    x = layers.Dropout(network.dropout, seed=seed)(layers.GlobalAveragePooling2D()(x))
    return keras.Model(image, layers.Dense(network.num_classes)(x))


def engine_losses(members: list[Member], steps: int, dropout: float = 0.0) -> np.ndarray:
    """[M, S] the loss of each batch."""
    network = convnet(dropout)
    population = Population(classification(network.initial, network.apply))
    programs, state = population.start(members)
    train, _ = digits()
    orders = np.stack([batch_order(member.seed, steps) for member in members])
    _, measures = population.epoch(programs, state, population.tables(members, range(steps)), train, orders)
    return measures.loss


def batch_order(seed: int, steps: int) -> np.ndarray:
    stream = passes(seed, len(digits()[0][0]), BATCH)
    orders = np.zeros((0, BATCH), np.int32)
    while len(orders) < steps:
        orders = np.concatenate([orders, next(stream)])
    return orders[:steps]


class Twin:
    """Keras' side: one network and optimizer, compiled once and begun anew for each run.

    Args:
        member: The optimizer and the length of its runs.
        dropout: Rate before the last layer.
    """

    def __init__(self, member: Member, dropout: float = 0.0) -> None:
        self._member, self._network = member, convnet(dropout)
        self.model = keras_network(self._network, member.seed)
        self._optimizer = GraphOptimizer(member.spec, 1.0, total_steps=member.total_steps)
        self._optimizer.warmup_steps, self._optimizer.hold_steps = member.warmup_steps, member.hold_steps
        self._optimizer.build(self.model.trainable_variables)
        self.model.compile(self._optimizer, keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        self._others = [*self.model.non_trainable_variables, *self._optimizer.variables]
        self._at_first = [keras.ops.convert_to_numpy(variable) for variable in self._others]

    def losses(self, seed: int) -> list[float]:
        """Train from the engine's first weights of ``seed`` on its batches; the loss of each."""
        member, steps = self._member, self._member.total_steps
        for variable, value in zip(self._others, self._at_first, strict=True):
            variable.assign(value)
        parameters, _ = self._network.initial(np.random.default_rng([seed, 0]))
        for variable, value in zip(self.model.trainable_variables, parameters, strict=True):
            variable.assign(value)
        rates = base_rate(NUMPY, np.arange(float(steps)), member.rate, steps, member.warmup_steps, member.hold_steps)
        (images, labels), _ = digits()
        losses = []
        for rate, order in zip(rates, batch_order(seed, steps), strict=True):
            self._optimizer.learning_rate.assign(float(rate))
            losses.append(float(self.model.train_on_batch(images[order], labels[order])))
            self.model.reset_metrics()
        return losses

    def accuracy(self) -> float:
        """On the validation images."""
        images, labels = digits()[1]
        answers = self.model.predict_on_batch(images)
        return float(np.mean(answers.argmax(-1) == labels))
