"""Mutations: one change at one active node of a genome, or of a decay in it.

The node and the kind of change are drawn once; the change itself is drawn until it gives another genome whose active
part has no circle and whose decays are valid. Where a change is impossible (a root that may read only nodes that
read themselves, a decay that no other function keeps in [0, 1]), node and kind are drawn anew
after as many tries as the settings allow.

Source: Morgan & Hougen (arXiv 2404.06679), the mutations. Unlike in the published code, every function and every node
can be mutated to (artifact/DISCREPANCIES.md).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal, NamedTuple

from numpy.random import Generator

from reproduce.search.genome import NUM_HIDDEN, ROOT, Decay, Gene, Genome, Wire, active_order, reads_hidden
from reproduce.search.probabilities import MutationProbabilities, Probabilities
from reproduce.search.published_space import Primitive
from reproduce.search.sampling import Sampler, pick
from reproduce.search.spaces import Space

#: What a mutation did.
Change = Literal[
    "function", "connection", "swap", "arity", "momentum", "add decay", "remove decay", "mutate decay"
]  # fmt: skip
_Kind = Literal["function", "connection", "arity", "momentum", "decay"]


class Mutation(NamedTuple):
    """A child and what it differs in."""

    child: Genome
    change: Change


class Mutator:
    """Mutates genomes of one space.

    Args:
        space: The primitives.
        probabilities: Of sampling (for what a mutation draws) and of the mutations.
    """

    def __init__(self, space: Space, probabilities: Probabilities | None = None) -> None:
        probabilities = probabilities or Probabilities()
        self.sampler = Sampler(space, probabilities.sampling)
        self._chances: MutationProbabilities = probabilities.mutation
        self._tries = probabilities.tries.change
        self._decays = _DecayMutator(self.sampler, probabilities)
        possible: dict[_Kind, Callable[[Genome, int, Generator], Mutation | None]] = {
            "function": self._function,
            "connection": self._connection,
            "arity": self._arity,
        }
        if len(space.momentum) > 1:
            possible["momentum"] = self._momentum
        if space.has_decays:
            possible["decay"] = self._decay
        self._changes = tuple(possible.values())
        self._weights = tuple(getattr(self._chances, kind) for kind in possible)

    def mutate(self, parent: Genome, random: Generator) -> Mutation:
        """A child of ``parent`` that differs from it."""
        while True:
            number = pick(parent.active, random)
            change = _weighted(self._changes, self._weights, random)
            if change == self._connection and self._swaps(parent.genes[number], random):
                change = self._swap
            for _ in range(self._tries):
                mutation = change(parent, number, random)
                if mutation is not None:
                    return mutation

    def _function(self, parent: Genome, number: int, random: Generator) -> Mutation | None:
        gene = parent.genes[number]
        function = self.sampler.function(len(gene.inputs), random)
        if function == gene.function:
            return None
        return _child(parent, number, gene._replace(function=function), "function")

    def _connection(self, parent: Genome, number: int, random: Generator) -> Mutation | None:
        gene = parent.genes[number]
        place = int(random.integers(len(gene.inputs)))
        source = self.sampler.source(number, random)
        if any(source == wire.source for wire in gene.inputs):
            return None
        inputs = _with(gene.inputs, place, gene.inputs[place]._replace(source=source))
        return _child(parent, number, gene._replace(inputs=inputs), "connection")

    def _swaps(self, gene: Gene, random: Generator) -> bool:
        return len(gene.inputs) == 2 and random.random() < self._chances.swap

    def _swap(self, parent: Genome, number: int, random: Generator) -> Mutation | None:
        del random
        gene = parent.genes[number]
        return _child(parent, number, gene._replace(inputs=gene.inputs[::-1]), "swap")

    def _arity(self, parent: Genome, number: int, random: Generator) -> Mutation | None:
        gene = parent.genes[number]
        if len(gene.inputs) == 2:
            kept = pick(gene.inputs, random)
            return _child(parent, number, Gene(self.sampler.function(1, random), (kept,)), "arity")
        source = self.sampler.source(number, random)
        if source == gene.inputs[0].source:
            return None
        added = Wire(source, self.sampler.edge_decay(self.sampler.probabilities.edge_decay, random))
        inputs = (*gene.inputs, added) if random.random() < self._chances.added_last else (added, *gene.inputs)
        return _child(parent, number, Gene(self.sampler.function(2, random), inputs), "arity")

    def _momentum(self, parent: Genome, number: int, random: Generator) -> Mutation | None:
        del number
        others = [kind for kind in self.sampler.space.momentum if kind != parent.momentum]
        return Mutation(replace(parent, momentum=pick(others, random)), "momentum")

    def _decay(self, parent: Genome, number: int, random: Generator) -> Mutation | None:
        gene = parent.genes[number]
        place = int(random.integers(len(gene.inputs)))
        wire = gene.inputs[place]
        change: Change
        decay: Decay | None
        if wire.decay is None:
            change, decay = "add decay", self.sampler.decay(random)
        elif random.random() < self._chances.remove_decay:
            change, decay = "remove decay", None
        else:
            change, decay = "mutate decay", self._decays.mutate(wire.decay, random)
        inputs = _with(gene.inputs, place, wire._replace(decay=decay))
        return _child(parent, number, gene._replace(inputs=inputs), change)


class _DecayMutator:
    """Mutates decays: one change at one active node of them."""

    def __init__(self, sampler: Sampler, probabilities: Probabilities) -> None:
        self._sampler = sampler
        chances = probabilities.mutation
        self._changes = (self._function, self._connection, self._arity)
        self._weights = (chances.decay_function, chances.decay_connection, chances.decay_arity)
        self._added_last = chances.added_last
        self._tries = probabilities.tries.change

    def mutate(self, parent: Decay, random: Generator) -> Decay:
        """A valid decay that differs from ``parent``."""
        while True:
            number = pick(parent.active, random)
            change = _weighted(self._changes, self._weights, random)
            for _ in range(self._tries):
                gene = change(parent.genes[number], number, random)
                if gene is None:
                    continue
                child = replace(parent, root=gene) if number else replace(parent, hidden=gene)
                if child.is_valid():
                    return child

    def _function(self, gene: Gene, number: int, random: Generator) -> Gene | None:
        del number
        space = self._sampler.space
        function = pick(space.decay_unary if len(gene.inputs) == 1 else space.decay_binary, random)
        return None if function == gene.function else gene._replace(function=function)

    def _connection(self, gene: Gene, number: int, random: Generator) -> Gene | None:
        place = int(random.integers(len(gene.inputs)))
        source = self._source(number, random)
        if any(source == wire.source for wire in gene.inputs):
            return None
        return gene._replace(inputs=_with(gene.inputs, place, Wire(source)))

    def _arity(self, gene: Gene, number: int, random: Generator) -> Gene | None:
        space = self._sampler.space
        if len(gene.inputs) == 2:
            return Gene(pick(space.decay_unary, random), (pick(gene.inputs, random),))
        source = self._source(number, random)
        if source == gene.inputs[0].source:
            return None
        added = Wire(source)
        inputs = (*gene.inputs, added) if random.random() < self._added_last else (added, *gene.inputs)
        return Gene(pick(space.decay_binary, random), inputs)

    def _source(self, number: int, random: Generator) -> Primitive | int:
        return self._sampler.decay_root_source(random) if number else pick(self._sampler.space.curves, random)


def _child(parent: Genome, number: int, gene: Gene, change: Change) -> Mutation | None:
    """The parent with one node replaced; None if its root reads no hidden node, or its active part has a circle."""
    if number == ROOT and not reads_hidden(gene):
        return None
    genes = _with(parent.genes, number, gene)
    if active_order(genes) is None:
        return None
    return Mutation(Genome(genes[:NUM_HIDDEN], genes[ROOT], parent.momentum), change)


def _with(items: tuple, place: int, item: object) -> tuple:
    return (*items[:place], item, *items[place + 1 :])


def _weighted(items: tuple, weights: tuple[float, ...], random: Generator) -> Callable:
    """One of ``items`` with probabilities in proportion to ``weights``."""
    point = random.random() * sum(weights)
    for item, weight in zip(items, weights, strict=True):
        point -= weight
        if point < 0:
            return item
    return items[-1]
