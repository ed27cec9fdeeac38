"""Drawing genomes at random, from streams by name: what is drawn depends on where in the search it is drawn alone.

Where the paper leaves a choice open: a root's argument that must be a hidden node is chosen uniformly, and the
functions of decays are uniform.

Source: Morgan & Hougen (arXiv 2404.06679), the search space.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, TypeVar

from numpy.random import PCG64, Generator, SeedSequence

from reproduce.search.genome import NUM_HIDDEN, ROOT, Decay, Gene, Genome, Wire, active_order
from reproduce.search.probabilities import SamplingProbabilities
from reproduce.search.published_space import Primitive
from reproduce.search.spaces import IDENTITY, Space

_Item = TypeVar("_Item")
#: Reads the source of an argument from a generator.
_Source = Callable[[Generator], "Primitive | int"]

Purpose = Literal["draw", "tournament"]
_PURPOSES: tuple[Purpose, ...] = ("draw", "tournament")


def stream(seed: int, purpose: Purpose, *key: int) -> Generator:
    """The stream of a run at one place.

    Args:
        seed: The run's.
        purpose: What is drawn.
        *key: Where: particle, step, child, and so on; 0 or more each.
    """
    sequence = SeedSequence(seed, spawn_key=(_PURPOSES.index(purpose), *key))
    return Generator(PCG64(sequence))


def pick(items: Sequence[_Item], random: Generator) -> _Item:
    """One of ``items``, uniformly."""
    return items[int(random.integers(len(items)))]


class Sampler:
    """Draws genomes and their parts; every method takes the stream that it draws from.

    Args:
        space: The primitives.
        probabilities: See `SamplingProbabilities`.
    """

    def __init__(self, space: Space, probabilities: SamplingProbabilities | None = None) -> None:
        self.space = space
        self.probabilities = probabilities or SamplingProbabilities()
        self._not_identity = tuple(primitive for primitive in space.unary if primitive != IDENTITY)

    def genome(self, random: Generator) -> Genome:
        """A genome whose active part has no circle; whole genomes are drawn until one is found."""
        while True:
            genes = self.genes(random)
            momentum = pick(self.space.momentum, random)
            if active_order(genes) is not None:
                return Genome(genes[:ROOT], genes[ROOT], momentum)

    def genes(self, random: Generator) -> tuple[Gene, ...]:
        """The nodes of one genome, which may read each other in a circle."""
        return (*(self._hidden(number, random) for number in range(NUM_HIDDEN)), self._root(random))

    def function(self, arity: int, random: Generator) -> Primitive:
        """A function of one argument or of two."""
        if arity == 2:
            return pick(self.space.binary, random)
        if random.random() < self.probabilities.identity:
            return IDENTITY
        return pick(self._not_identity, random)

    def source(self, number: int, random: Generator) -> Primitive | int:
        """Draw what an argument of node ``number`` reads: an operand, or any hidden node but itself."""
        if random.random() < self.probabilities.operand:
            return pick(self.space.operands, random)
        return self.hidden_source(number, random)

    def hidden_source(self, number: int, random: Generator) -> int:
        """A hidden node, not ``number``."""
        return pick([other for other in range(NUM_HIDDEN) if other != number], random)

    def edge_decay(self, probability: float, random: Generator) -> Decay | None:
        """A decay with this probability."""
        if self.space.has_decays and random.random() < probability:
            return self.decay(random)
        return None

    def decay(self, random: Generator) -> Decay:
        """A valid decay; whole decays are drawn until one is found."""
        while True:
            decay = Decay(
                self._decay_gene(self._curve, random),
                self._decay_gene(self.decay_root_source, random),
            )
            if decay.is_valid():
                return decay

    def decay_root_source(self, random: Generator) -> Primitive | int:
        """Draw what an argument of a decay's root reads: a curve, or the hidden node."""
        return self._curve(random) if random.random() < self.probabilities.decay_curve else 0

    def _hidden(self, number: int, random: Generator) -> Gene:
        arity = 1 if random.random() < self.probabilities.hidden_unary else 2
        return self._wired(number, arity, self.probabilities.edge_decay, random)

    def _root(self, random: Generator) -> Gene:
        chances = self.probabilities
        arity = 1 if random.random() < chances.root_unary else 2
        return self._wired(ROOT, arity, chances.root_unary_edge_decay if arity == 1 else chances.edge_decay, random)

    def _wired(self, number: int, arity: int, decay: float, random: Generator) -> Gene:
        function = self.function(arity, random)
        sources = distinct(lambda stream: self.source(number, stream), arity, random)
        if number == ROOT and not any(isinstance(source, int) for source in sources):
            sources[int(random.integers(arity))] = self.hidden_source(ROOT, random)
        return Gene(function, tuple(Wire(source, self.edge_decay(decay, random)) for source in sources))

    def _decay_gene(self, source: _Source, random: Generator) -> Gene:
        if random.random() < self.probabilities.decay_unary:
            return Gene(pick(self.space.decay_unary, random), (Wire(source(random)),))
        function = pick(self.space.decay_binary, random)
        return Gene(function, tuple(Wire(each) for each in distinct(source, 2, random)))

    def _curve(self, random: Generator) -> Primitive:
        return pick(self.space.curves, random)


def distinct(source: _Source, count: int, random: Generator) -> list[Primitive | int]:
    """``count`` different sources, each drawn until it differs from those before it."""
    sources: list[Primitive | int] = []
    while len(sources) < count:
        drawn = source(random)
        if drawn not in sources:
            sources.append(drawn)
    return sources
