"""docs/comparison.md, and the README's part of it: what a step costs here and in other packages."""

from __future__ import annotations

from collections.abc import Sequence

from reproduce.report.pages import ROOT
from reproduce.report.pages.tables import markdown, with_tables
from reproduce.report.speed import DOOR_COSTS, DoorCost, read_door_costs

#: The prefixes of the evolved optimizers' names.
_FAMILIES = ("Opt", "A")


def page() -> str:
    """The page with its table as it should be."""
    return with_tables((ROOT / "docs" / "comparison.md").read_text("utf-8"), {"peers": peers_table()})


def peers_table() -> str:
    """Tabulate the cheapest and the dearest evolved optimizers and all peers, by their ratio to Adam's step."""
    lines = []
    for family in _FAMILIES:
        own = _own(family)
        lines += [_line(f"{each.optimizer}, the {word} of {_span(family, own)}", each) for word, each in _ends(own)]
    lines += [_line("{1} of {0}".format(*_package_and_class(each)), each) for each in _peers()]
    return markdown({"optimizer": "", "ratio": ":", "Q1": ":", "Q3": ":", "n": ":"}, lines)


def peers_sentence() -> str:
    """The same in a sentence, without quartiles."""
    own = ", ".join(
        f"{_span(family, _own(family))} {least.ratio:.2f} to {most.ratio:.2f}"
        for family in _FAMILIES
        for (_, least), (_, most) in [_ends(_own(family))]
    )
    others = ", ".join("{1} of {0} {2:.2f}".format(*_package_and_class(each), each.ratio) for each in _peers())
    costs = (*_own("Opt"), *_own("A"), *_peers())
    rounds = {extreme(each.rounds for each in costs) for extreme in (min, max)}
    return (
        f"A training step in PyTorch, that with `torch.optim.Adam(foreach=True)` taken as 1: {own}; {others}. Medians "
        f"over n = {' to '.join(map(str, sorted(rounds)))} rounds, six dense layers of 1,000, one thread of "
        f"{costs[0].device}.\n"
    )


def _costs() -> list[DoorCost]:
    found = read_door_costs(ROOT / "artifact" / "results" / DOOR_COSTS)
    return [each for each in found if (each.door, each.network) == ("torch", "dense")]


def _own(family: str) -> list[DoorCost]:
    return [each for each in _costs() if each.optimizer.removeprefix(family).isdigit()]


def _peers() -> list[DoorCost]:
    return sorted((each for each in _costs() if "." in each.optimizer), key=lambda each: each.ratio)


def _ends(costs: Sequence[DoorCost]) -> tuple[tuple[str, DoorCost], tuple[str, DoorCost]]:
    ranked = sorted(costs, key=lambda each: each.ratio)
    return ("cheapest", ranked[0]), ("dearest", ranked[-1])


def _span(family: str, costs: Sequence[DoorCost]) -> str:
    numbers = sorted(int(each.optimizer.removeprefix(family)) for each in costs)
    return f"{family}{numbers[0]} to {family}{numbers[-1]}"


def _package_and_class(cost: DoorCost) -> tuple[str, str]:
    package, name = cost.optimizer.rsplit(".", 1)
    return {"evo_optimizer": "evo-optimizer"}.get(package, package), name


def _line(name: str, cost: DoorCost) -> tuple[str, ...]:
    return (name, *(f"{each:.2f}" for each in (cost.ratio, cost.ratio_low, cost.ratio_high)), str(cost.rounds))
