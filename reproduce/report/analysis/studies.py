"""Comparisons within studies: whom optimizers are compared with, and which comparisons are one family.

A family is all distinct functions of one origin, the paper's or the baselines, against one reference on one task of one
study. The best of an origin is chosen by mean validation accuracy on the tuning seeds, never on test rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from paper_optimizers import describe, names
from reproduce.report.analysis.families import Difference, PairedRuns, compare_at_looks, compare_family
from reproduce.report.analysis.levels import margin_of
from reproduce.report.analysis.verdicts import Verdict
from reproduce.report.results import Alike, Result, StudyResults, counted_accuracy
from reproduce.report.statistics import summarise
from reproduce.tasks.optimizers import LINEAR, Entrant

#: Whose an optimizer is: the paper's, an older one's that it is compared with, or found by a search of this project.
Origin = Literal["paper", "baseline", "found"]
#: What claims call the best of an origin, as tuning chose it.
BEST: Mapping[str, Origin] = {"best evolved": "paper", "best baseline": "baseline"}
#: By family of the catalog.
_ORIGINS: Mapping[str, Origin] = {
    "evolved": "paper",
    "adam-variant": "paper",
    "released": "paper",
    "baseline": "baseline",
}


@dataclass(frozen=True)
class Compared(Alike):
    """Optimizers that are one function, beside a reference.

    Attributes:
        result: The first one's result.
        reference: The reference's.
        difference: Their difference, within its family; None while there is none, and of one function with itself.
    """

    result: Result
    reference: Result
    difference: Difference | None

    @property
    def verdict(self) -> Verdict:
        """The verdict on "better than the reference"; a function is EQUIVALENT to itself."""
        if self.difference is not None:
            return self.difference.verdict
        return "EQUIVALENT" if self.result is self.reference and self.result.finals else "NOT RUN"


def origin_of(entrant: Entrant) -> Origin:
    """Whose an optimizer is; one with an evolved schedule is the paper's."""
    if entrant.kind == "spec":
        return "found"
    return _origin(entrant.base) if entrant.schedule in (None, LINEAR) else "paper"


def best_tuned(study: StudyResults, task: str, origin: Origin) -> Result | None:
    """The optimizer of an origin with the highest mean validation accuracy in tuning; None until all are tuned."""
    among = [result for result in study.of_task(task) if origin_of(result.entrant) == origin]
    if not among or any(result.choice.rate is None for result in among):
        return None
    return max(among, key=lambda result: result.choice.value)


def find(study: StudyResults, task: str, name: str) -> Result | None:
    """An optimizer of a task by its name, or the best of an origin by what `BEST` calls it."""
    return best_tuned(study, task, BEST[name]) if name in BEST else study.result(task, name)


def against(study: StudyResults, task: str, reference: Result | None) -> list[Compared]:
    """Every function on a task beside a reference, but the reference's own, each within its family; none without it."""
    if reference is None:
        return []
    others = [each for each in study.functions(task) if reference.optimizer not in each.names]
    found: dict[str, Difference] = {}
    for origin in dict.fromkeys(origin_of(each.first.entrant) for each in others):
        family = [each.first for each in others if origin_of(each.first.entrant) == origin]
        found |= compare_results(study, {each.optimizer: (each, reference) for each in family})
    return [Compared(each.names, each.first, reference, found.get(each.first.optimizer)) for each in others]


def best_against_best(study: StudyResults, task: str) -> Compared | None:
    """The best evolved optimizer beside the best baseline, a family of its own; None until all are tuned."""
    evolved, baseline = (best_tuned(study, task, origin) for origin in BEST.values())
    if evolved is None or baseline is None:
        return None
    (found,) = in_pairs(study, task, [(evolved.optimizer, baseline.optimizer)])
    return found


def in_pairs(study: StudyResults, task: str, pairs: Sequence[tuple[str, str]]) -> list[Compared]:
    """Optimizers beside one reference each, all of one family; those that are one function, as their references, once.

    Args:
        study: The study.
        task: One of its tasks.
        pairs: Names of an optimizer and of its reference.
    """
    firsts = {name: each.first for each in study.functions(task) for name in each.names}
    groups: dict[tuple[str, str], list[str]] = {}
    for one, other in pairs:
        groups.setdefault((firsts[one].optimizer, firsts[other].optimizer), []).append(one)
    family = {": ".join(pair): (firsts[pair[0]], firsts[pair[1]]) for pair in groups if pair[0] != pair[1]}
    found = compare_results(study, family)
    return [
        Compared(tuple(own), firsts[one], firsts[other], found.get(f"{one}: {other}"))
        for (one, other), own in groups.items()
    ]


def compare_results(study: StudyResults, pairs: Mapping[str, tuple[Result, Result]]) -> dict[str, Difference]:
    """Compare results with a reference each, all of one family, at one look or two; see `reproduce.study.looks`.

    Args:
        study: The study.
        pairs: A result and its reference, by name.
    """
    first, tasks = study.protocol.seeds.final, {each.task for pair in pairs.values() for each in pair}
    seeds_of = [study.protocol.seeds.final_of(task) for task in tasks]
    every = [seed for seed in (seeds_of[0] if seeds_of else first) if all(seed in each for each in seeds_of)]
    looks = [{name: _pair_of(*pair, seeds) for name, pair in pairs.items()} for seeds in (first, every)]
    return compare_family(looks[0]) if len(every) == len(first) else compare_at_looks(*looks)


def _pair_of(result: Result, reference: Result, seeds: Sequence[int]) -> PairedRuns:
    """Pair the runs of two optimizers with these seeds, to be compared."""
    runs = [row for row in reference.finals if row.seed in seeds]
    mean = summarise([counted_accuracy(row, row.test_accuracy) for row in runs])
    margin = 0.0 if mean is None else margin_of(mean.mean, 1 / runs[0].num_classes)
    own, other = (
        {place: value for place, value in each.by_place.items() if place[0] in seeds} for each in (result, reference)
    )
    return PairedRuns(own, other, margin, len(seeds))


@cache
def _origin(base: str) -> Origin:
    return _ORIGINS.get(describe(base).family, "found") if base in names() else "baseline"
