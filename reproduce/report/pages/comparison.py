"""docs/comparison.md, and the README's part of it: what a step costs here and in other packages."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import groupby

from paper_optimizers import describe, names
from reproduce.counts import enumerated
from reproduce.report.analysis.verdicts import Verdict
from reproduce.report.claims.claim import CLAIMS, load_claims
from reproduce.report.claims.predicates import StepsCheap
from reproduce.report.pages import ROOT
from reproduce.report.pages.reproduction import kept_verdicts
from reproduce.report.pages.tables import markdown, with_tables
from reproduce.report.speed import DOOR_COSTS, DoorCost, read_door_costs

#: The families of the catalog whose steps are compared.
_FAMILIES = ("evolved", "adam-variant")
#: Through what a step was timed, in words.
_DOORS = {
    "keras-tensorflow": "Keras on TensorFlow",
    "keras-jax": "Keras on JAX",
    "keras-torch": "Keras on PyTorch",
    "torch": "PyTorch",
    "optax": "Optax",
}
#: The networks on which all evolved optimizers were timed.
_NETWORKS = {"convolutional": "convolutions", "dense": "six dense layers"}


def page() -> str:
    """The page with its tables as they should be."""
    tables = {"doors": f"{slowest_sentences()}\n\n{doors_table()}", "peers": peers_table()}
    return with_tables((ROOT / "docs" / "comparison.md").read_text("utf-8"), tables)


def doors_table() -> str:
    """Tabulate, by framework and network, the least and the largest ratio of each family, and the slowest optimizer."""
    lines = []
    for network, title in _NETWORKS.items():
        for door, words in _DOORS.items():
            families = [_own(family, door, network) for family in _FAMILIES]
            spans = map(_ratios, families)
            slowest = max((each for own in families for each in own), key=lambda each: each.ratio)
            lines.append((words, title, *spans, slowest.optimizer, str(slowest.rounds)))
    columns = {"through": "", "network": "", "Opt1 to Opt10": ":", "A1 to A5": ":", "the slowest": "", "n": ":"}
    return markdown(columns, lines)


def slowest_sentences() -> str:
    """Say how slow the slowest step on dense layers is, by framework, and what became of the claim on that."""
    limit, verdict = _claimed()
    by_door = {words: [each for family in _FAMILIES for each in _own(family, door)] for door, words in _DOORS.items()}
    tops = sorted(((max(each.ratio for each in costs), words) for words, costs in by_door.items()), reverse=True)
    times = [f"{ratio:.2f} in {words}" for ratio, words in tops if ratio > limit] or [f"{tops[0][0]:.2f} at most"]
    costs = [each for own in by_door.values() for each in own]
    slow = _runs_of({each.optimizer for each in costs if each.ratio > limit})
    return (
        "Beside the framework's own Adam, taken as 1, the slowest step on six dense layers of 1,000 takes "
        f"{enumerated(times)}. Above {limit:g} in one of these are {slow}. We claimed that none of "
        f"the paper's fifteen optimizers takes more than {limit:g} (`step-cost`): {verdict}. Medians over n = "
        f"{min(each.rounds for each in costs)} rounds, on {costs[0].device}."
    )


def _claimed() -> tuple[float, Verdict]:
    """The most that a step may cost by the claim, and the claim's verdict by the kept rows."""
    ((claim, predicate),) = [each for each in load_claims(CLAIMS) if isinstance(each[1], StepsCheap)]
    assert isinstance(predicate, StepsCheap)
    return predicate.factor, next(each.verdict for each in kept_verdicts() if each.claim == claim)


def peers_table() -> str:
    """Tabulate the fastest and the slowest evolved optimizers and all peers, by their ratio to Adam's step."""
    lines = []
    for family in _FAMILIES:
        own = _own(family)
        lines += [_line(f"{each.optimizer}, the {word} of {_span(own)}", each) for word, each in _ends(own)]
    lines += [_line("{1} of {0}".format(*_package_and_class(each)), each) for each in _peers()]
    return markdown({"optimizer": "", "ratio": ":", "Q1": ":", "Q3": ":", "n": ":"}, lines)


def steps_sentences() -> str:
    """Say what a step takes beside the framework's own Adam: over all frameworks, then beside other packages."""
    costs = {
        network: [each for door in _DOORS for family in _FAMILIES for each in _own(family, door, network)]
        for network in _NETWORKS
    }
    rounds = sorted({each.rounds for own in costs.values() for each in own})
    ratios = enumerated([f"{_ratios(own)} on {_NETWORKS[name]}" for name, own in costs.items()])
    beside = [each for family in _FAMILIES for each in _own(family)]
    others = enumerated(["{1} of {0} {2:.2f}".format(*_package_and_class(each), each.ratio) for each in _peers()])
    return (
        "With a training step of the framework's own Adam taken as 1, one of the paper's fifteen optimizers takes "
        f"{ratios} (medians over n = {enumerated([str(each) for each in rounds])} rounds). Less is faster. "
        f"In PyTorch, timed in one run on the dense layers, ours take {_ratios(beside)}, {others}.\n"
    )


def _ratios(costs: Sequence[DoorCost]) -> str:
    ((_, least), (_, most)) = _ends(costs)
    return f"{least.ratio:.2f} to {most.ratio:.2f}"


def _costs(door: str, network: str) -> list[DoorCost]:
    found = read_door_costs(ROOT / "artifact" / "results" / DOOR_COSTS)
    return [each for each in found if (each.door, each.network) == (door, network)]


def _own(family: str, door: str = "torch", network: str = "dense") -> list[DoorCost]:
    found = {each.optimizer: each for each in _costs(door, network)}
    return [found[name] for name in _members(family) if name in found]


def _members(family: str) -> list[str]:
    return [name for name in names() if describe(name).family == family]


def _peers() -> list[DoorCost]:
    return sorted((each for each in _costs("torch", "dense") if "." in each.optimizer), key=lambda each: each.ratio)


def _ends(costs: Sequence[DoorCost]) -> tuple[tuple[str, DoorCost], tuple[str, DoorCost]]:
    ranked = sorted(costs, key=lambda each: each.ratio)
    return ("fastest", ranked[0]), ("slowest", ranked[-1])


def _span(costs: Sequence[DoorCost]) -> str:
    return f"{costs[0].optimizer} to {costs[-1].optimizer}"


def _runs_of(those: Collection[str]) -> str:
    """Optimizers in the catalog's order, neighbours joined: ``"Opt7 to Opt10 and A5"``."""
    runs = []
    for family in _FAMILIES:
        for inside, neighbours in groupby(_members(family), those.__contains__):
            first, *others = neighbours
            if inside:
                runs.append(f"{first} to {others[-1]}" if others else first)
    return enumerated(runs or ["none"])


def _package_and_class(cost: DoorCost) -> tuple[str, str]:
    package, name = cost.optimizer.rsplit(".", 1)
    return {"evo_optimizer": "evo-optimizer"}.get(package, package), name


def _line(name: str, cost: DoorCost) -> tuple[str, ...]:
    return (name, *(f"{each:.2f}" for each in (cost.ratio, cost.ratio_low, cost.ratio_high)), str(cost.rounds))
