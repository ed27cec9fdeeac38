"""Sampling and mutation: 10,000 genomes and 100,000 mutations are valid and as frequent as the settings say."""

import hashlib
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from reproduce.plain_data import OutOfRangeError
from reproduce.search.genome import NUM_HIDDEN, ROOT, Decay, Genome, active_order, reads_hidden
from reproduce.search.mutation import Mutator
from reproduce.search.probabilities import PUBLISHED, MutationProbabilities, Probabilities, SamplingProbabilities, Tries
from reproduce.search.published_space import Primitive
from reproduce.search.sampling import Sampler
from reproduce.search.spaces import BELLO2017, FULL, IDENTITY, NO_DECAY, SPACES, Space

GENOMES, MUTATIONS = 10_000, 100_000
CHANCES = Probabilities()
GOLDEN = Path(__file__).with_name("golden_genomes.json")


def within_three_errors(hits: int, count: int, probability: float) -> bool:
    error = (probability * (1 - probability) / count) ** 0.5
    return abs(hits / count - probability) <= 3 * error


def arguments(genes):
    return [(number, wire) for number, gene in enumerate(genes) for wire in gene.inputs]


def check(genome: Genome, space: Space) -> None:
    """Everything that must hold of a genome, seen from outside."""
    assert active_order(genome.genes) is not None
    assert reads_hidden(genome.root)
    assert genome.momentum in space.momentum
    for number, gene in enumerate(genome.genes):
        arity = len(gene.inputs)
        assert gene.function in (space.unary if arity == 1 else space.binary)
        sources = [wire.source for wire in gene.inputs]
        assert len(set(sources)) == arity
        for wire in gene.inputs:
            assert wire.source in space.operands or wire.source in range(NUM_HIDDEN)
            assert wire.source != number
            if wire.decay is not None:
                assert space.has_decays
                assert wire.decay.is_valid()
                for part in wire.decay.genes:
                    assert part.function in (space.decay_unary if len(part.inputs) == 1 else space.decay_binary)


@pytest.fixture(scope="module")
def drawn() -> list[tuple]:
    """The nodes of 10,000 genomes as drawn, circles included."""
    sampler, random = Sampler(FULL), np.random.default_rng(1)
    return [sampler.genes(random) for _ in range(GENOMES)]


@pytest.fixture(scope="module")
def population() -> list[Genome]:
    sampler, random = Sampler(FULL), np.random.default_rng(2)
    return [sampler.genome(random) for _ in range(GENOMES)]


@pytest.fixture(scope="module")
def mutated(population) -> list:
    """100,000 mutations in ten generations: pairs of parent and mutation."""
    mutator, random = Mutator(FULL), np.random.default_rng(3)
    pairs = []
    for _ in range(MUTATIONS // GENOMES):
        children = [mutator.mutate(parent, random) for parent in population]
        pairs += zip(population, children, strict=True)
        population = [mutation.child for mutation in children]
    return pairs


def test_random_genomes_are_valid(population):
    for genome in population:
        check(genome, FULL)
    assert all(genome.express().momentum.type == genome.momentum for genome in population[:500])


def test_sampling_is_as_frequent_as_the_settings_say(drawn):
    chances = CHANCES.sampling
    hidden = [gene for genes in drawn for gene in genes[:ROOT]]
    roots = [genes[ROOT] for genes in drawn]
    unary = [gene for gene in hidden if len(gene.inputs) == 1]
    single = [gene.inputs[0] for gene in unary]
    edges = [wire for genes in drawn for _, wire in arguments(genes)]
    decays = [wire.decay for wire in edges if wire.decay is not None]
    counts = {
        "hidden unary": (len(unary), len(hidden), chances.hidden_unary),
        "root unary": (sum(len(root.inputs) == 1 for root in roots), len(roots), chances.root_unary),
        "identity": (sum(gene.function == IDENTITY for gene in unary), len(unary), chances.identity),
        "operand": (sum(not isinstance(wire.source, int) for wire in single), len(single), chances.operand),
        "decay": (len(decays), len(edges), chances.edge_decay),
    }
    for name, count in counts.items():
        assert within_three_errors(*count), name


def test_primitives_and_momentum_are_uniform(drawn, population):
    functions = Counter(gene.function for genes in drawn for gene in genes)
    operands = Counter(
        wire.source for genes in drawn for _, wire in arguments(genes) if not isinstance(wire.source, int)
    )
    momentum = Counter(genome.momentum for genome in population)
    for counts, items in (
        (functions, set(FULL.unary) - {IDENTITY}),
        (functions, FULL.binary),
        (operands, FULL.operands),
    ):
        total = sum(counts[item] for item in items)
        assert chi_square([counts[item] for item in items]) < 3 * (2 * len(items)) ** 0.5 + len(items), total
    assert all(within_three_errors(momentum[kind], GENOMES, 1 / 3) for kind in FULL.momentum)


def chi_square(counts: list[int]) -> float:
    expected = sum(counts) / len(counts)
    return sum((count - expected) ** 2 / expected for count in counts)


def test_the_published_decay_of_a_root_with_one_argument_is_a_setting():
    sampler, random = Sampler(FULL, PUBLISHED.sampling), np.random.default_rng(4)
    roots = [root for root in (sampler.genes(random)[ROOT] for _ in range(4000)) if len(root.inputs) == 1]
    assert within_three_errors(sum(root.inputs[0].decay is not None for root in roots), len(roots), 0.85)


def test_children_are_valid_and_differ_from_their_parent(mutated):
    for parent, mutation in mutated:
        assert mutation.child != parent
        check(mutation.child, FULL)


def test_a_child_differs_in_one_active_node_or_in_its_momentum(mutated):
    for parent, (child, change) in mutated:
        differing = [number for number in range(ROOT + 1) if parent.genes[number] != child.genes[number]]
        if change == "momentum":
            assert not differing
        else:
            assert parent.momentum == child.momentum
            (number,) = differing
            assert number in parent.active


def test_mutations_are_as_frequent_as_the_settings_say(mutated):
    chances = CHANCES.mutation
    changes = Counter(mutation.change for _, mutation in mutated)
    decays = changes["add decay"] + changes["remove decay"] + changes["mutate decay"]
    present = changes["remove decay"] + changes["mutate decay"]
    counts = {
        "function": (changes["function"], MUTATIONS, chances.function),
        "connection": (changes["connection"] + changes["swap"], MUTATIONS, chances.connection),
        "arity": (changes["arity"], MUTATIONS, chances.arity),
        "momentum": (changes["momentum"], MUTATIONS, chances.momentum),
        "decay": (decays, MUTATIONS, chances.decay),
        "remove decay": (changes["remove decay"], present, chances.remove_decay),
    }
    for name, count in counts.items():
        assert within_three_errors(*count), name


def test_one_in_five_changes_of_a_binary_connection_is_a_swap(mutated):
    binary = Counter(
        mutation.change
        for parent, mutation in mutated
        if mutation.change in ("connection", "swap") and len(changed(parent, mutation.child).inputs) == 2
    )
    assert within_three_errors(binary["swap"], binary.total(), CHANCES.mutation.swap)


def test_an_added_argument_is_the_second_as_often_as_the_settings_say(mutated):
    grown = [pair for pair in mutated if pair[1].change == "arity" and len(changed(pair[0], pair[1].child).inputs) == 2]
    added = [changed(parent, child).inputs[0] == changed(child, parent).inputs[0] for parent, (child, _) in grown]
    assert within_three_errors(sum(added), len(added), CHANCES.mutation.added_last)
    never = Mutator(FULL, Probabilities(mutation=MutationProbabilities(added_last=0.0)))
    random = np.random.default_rng(9)
    parent = never.sampler.genome(random)
    for _ in range(400):
        child, change = never.mutate(parent, random)
        if change == "arity" and len(changed(parent, child).inputs) == 2:
            assert changed(parent, child).inputs[1] == changed(child, parent).inputs[0]
        parent = child


def test_decays_are_mutated_as_often_in_each_way_as_the_settings_say(mutated):
    """Those that are kept: a change is drawn until it gives a valid decay, its kind is not."""
    kinds = Counter(
        kind_of_change(*mutated_decay(parent, child)) for parent, (child, change) in mutated if change == "mutate decay"
    )
    for kind, count in kinds.items():
        assert within_three_errors(count, kinds.total(), getattr(CHANCES.mutation, f"decay_{kind}")), kinds
    assert len(kinds) == 3


def mutated_decay(parent: Genome, child: Genome) -> tuple[Decay, Decay]:
    """The decay before and after, of the one edge whose decay changed."""
    before, after = changed(child, parent), changed(parent, child)
    ((old, new),) = [pair for pair in zip(before.inputs, after.inputs, strict=True) if pair[0] != pair[1]]
    return old.decay, new.decay


def kind_of_change(before: Decay, after: Decay) -> str:
    ((old, new),) = [pair for pair in zip(before.genes, after.genes, strict=True) if pair[0] != pair[1]]
    if len(old.inputs) != len(new.inputs):
        return "arity"
    if old.function != new.function:
        assert old.inputs == new.inputs
        return "function"
    return "connection"


def test_decays_are_drawn_as_often_as_the_settings_say():
    """In a space in which every decay is valid, so that none is drawn anew."""
    kinds = [Primitive("identity"), Primitive("square")], [Primitive("maximum"), Primitive("minimum")]
    space = replace(FULL, decay_unary=tuple(kinds[0]), decay_binary=tuple(kinds[1]))
    sampler, random = Sampler(space), np.random.default_rng(10)
    found = [sampler.decay(random) for _ in range(6000)]
    genes = [gene for decay in found for gene in decay.genes]
    single = [decay.root.inputs[0].source for decay in found if len(decay.root.inputs) == 1]
    chances = CHANCES.sampling
    assert within_three_errors(sum(len(gene.inputs) == 1 for gene in genes), len(genes), chances.decay_unary)
    assert within_three_errors(sum(source != 0 for source in single), len(single), chances.decay_curve)


def changed(parent: Genome, child: Genome):
    return next(gene for gene, other in zip(child.genes, parent.genes, strict=True) if gene != other)


def test_every_function_operand_node_and_decay_can_be_mutated_to(mutated):
    functions, sources, decays, connections = set(), set(), set(), set()
    for parent, (child, _) in mutated:
        for number, (before, after) in enumerate(zip(parent.genes, child.genes, strict=True)):
            if before == after:
                continue
            functions |= {after.function} - {before.function}
            new = {wire.source for wire in after.inputs} - {wire.source for wire in before.inputs}
            sources |= new
            connections |= {(number, source) for source in new if isinstance(source, int)}
            old = {part for wire in before.inputs if wire.decay for gene in wire.decay.genes for part in parts(gene)}
            decays |= {
                part for wire in after.inputs if wire.decay for gene in wire.decay.genes for part in parts(gene)
            } - old
    assert functions == {*FULL.unary, *FULL.binary}
    assert sources == {*FULL.operands, *range(NUM_HIDDEN)}
    assert decays == {*FULL.curves, *FULL.decay_unary, *FULL.decay_binary}
    every = {(number, other) for number in range(ROOT + 1) for other in range(NUM_HIDDEN) if other != number}
    assert connections == every


def parts(gene):
    return [gene.function, *(wire.source for wire in gene.inputs if not isinstance(wire.source, int))]


def test_inactive_nodes_are_kept_and_come_back(mutated):
    switched_on = 0
    for parent, (child, _) in mutated[:20_000]:
        for number in set(range(ROOT)) - set(parent.active):
            assert child.genes[number] == parent.genes[number]
            switched_on += number in child.active
    assert switched_on > 100


@pytest.mark.parametrize("space", [NO_DECAY, BELLO2017], ids=lambda space: space.name)
def test_other_spaces_stay_in_their_space(space):
    mutator, random = Mutator(space), np.random.default_rng(6)
    genome = mutator.sampler.genome(random)
    changes = Counter()
    for _ in range(3000):
        genome, change = mutator.mutate(genome, random)
        check(genome, space)
        changes[change] += 1
    impossible = {"add decay", "remove decay", "mutate decay"} | ({"momentum"} if len(space.momentum) == 1 else set())
    assert not impossible & set(changes)


def golden(space: Space) -> str:
    """A hash of 50 genomes and ten mutations of each, from one seed."""
    mutator, random = Mutator(space), np.random.default_rng(2024)
    digest = hashlib.sha256()
    for _ in range(50):
        genome = mutator.sampler.genome(random)
        for _ in range(10):
            digest.update(json.dumps(genome.to_dict(), sort_keys=True).encode())
            genome = mutator.mutate(genome, random).child
    return digest.hexdigest()


@pytest.mark.parametrize("name", SPACES)
def test_a_seed_gives_the_same_population_for_ever(name):
    assert golden(SPACES[name]) == json.loads(GOLDEN.read_text())[name]


def test_another_change_is_drawn_after_as_many_tries_as_the_settings_say():
    def children(tries: int):
        mutator, random = Mutator(FULL, Probabilities(tries=Tries(change=tries))), np.random.default_rng(5)
        parent = mutator.sampler.genome(random)
        return [mutator.mutate(parent, np.random.default_rng(seed)).child for seed in range(60)]

    few, many = children(1), children(100)
    assert few != many
    assert many == children(200)  # A hundred tries are nearly always enough.


def test_probabilities_that_do_not_add_up_are_refused():
    said = r"^function \+ connection \+ arity \+ momentum \+ decay must add up to 1; they are 0.5 \+ 0.3 .* = 1.1$"
    with pytest.raises(ValueError, match=said):
        MutationProbabilities(function=0.5)
    with pytest.raises(ValueError, match=r"^decay_function \+ decay_connection \+ decay_arity must add up to 1"):
        MutationProbabilities(decay_arity=0.2)
    with pytest.raises(OutOfRangeError, match=r"identity must be a probability in \[0, 1\]; received 1.5"):
        SamplingProbabilities(identity=1.5)
