"""Comparisons of searches: what they found, scored again, beside a tuned baseline or what another search found."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import NamedTuple

from reproduce.counts import enumerated
from reproduce.outcomes import Trained
from reproduce.report.analysis.families import Difference, PairedRuns, compare_family
from reproduce.report.analysis.levels import POINT, margin_of
from reproduce.search.comparison import ComparedSearch
from reproduce.search.plan import comparison_plans
from reproduce.search.protocol import SearchProtocol
from reproduce.search.trials import Contender, Trial, seed_scores


def contenders_against(
    trials: Sequence[Trial], contenders: Sequence[Contender], baseline: Contender, planned: int
) -> dict[str, Difference]:
    """The differences of all contenders to a baseline, one family, by fingerprint; without trials there is none.

    They are paired by fresh seeds; one whose two runs are of different devices does not count.

    Args:
        trials: Scores with fresh seeds; a run that could not be trained counts 0.
        contenders: What was found.
        baseline: What they are compared with.
        planned: How many fresh seeds are planned.
    """
    reference = seed_scores(trials, baseline)
    if not reference.compared:
        return {}
    margin = margin_of_scores(trials, reference.rank)
    known = _by_place(trials, baseline)
    return compare_family(
        {each.fingerprint: PairedRuns(_by_place(trials, each), known, margin, planned) for each in contenders}
    )


def kinds_against(
    protocol: SearchProtocol, searches: Sequence[ComparedSearch], trials: Sequence[Trial], kind: str
) -> dict[str, Difference]:
    """The differences of all other kinds of search to one kind, one family, by kind, paired by the searches' seeds.

    The number of a search is the mean, over fresh seeds, of the candidate that it scored best. Two searches of one seed
    whose fresh scores are of different devices are no pair. A kind that was planned and has no pair is left out, and
    counts as a comparison.

    Args:
        protocol: Of the comparison.
        searches: All of them.
        trials: Scores with fresh seeds; a run that could not be trained counts 0.
        kind: See `ComparedSearch`.
    """
    found = _numbers(protocol, searches, trials)
    reference = found.pop(kind, {})
    if not reference:
        return {}
    margin, planned = margin_of_scores(trials, statistics.fmean(reference.values())), len(protocol.comparison.seeds)
    return compare_family({other: PairedRuns(own, reference, margin, planned) for other, own in found.items()})


def unpaired_seeds(
    protocol: SearchProtocol, searches: Sequence[ComparedSearch], trials: Sequence[Trial], kinds: tuple[str, str]
) -> list[int]:
    """List the planned seeds with which searches of two kinds are no pair; arguments as of `kinds_against`.

    One of the two has no best that was scored with every fresh seed, or their scores are of different devices.
    """
    found = _numbers(protocol, searches, trials)
    one, other = (found.get(kind, {}).keys() for kind in kinds)
    paired = {place.seed for place in one & other}
    return [seed for seed in protocol.comparison.seeds if seed not in paired]


def unpaired_words(seeds: Sequence[int]) -> str:
    """``"no pair scored on one device with the seeds 1 and 3"``."""
    noun = "seed" if len(seeds) == 1 else "seeds"
    return f"no pair scored on one device with the {noun} {enumerated([str(seed) for seed in seeds])}"


def equal_finds(protocol: SearchProtocol, searches: Sequence[ComparedSearch], kinds: tuple[str, str]) -> int:
    """Count the seeds with which both kinds of search found the same function best."""
    best = {
        (search.kind, search.plan.seed): find.contender.fingerprint
        for search in searches
        for find in search.finds(protocol)[:1]
    }
    one, other = ({seed: found for (of, seed), found in best.items() if of == kind} for kind in kinds)
    return sum(found == other.get(seed) for seed, found in one.items())


def are_of_several_tasks(trials: Sequence[Trial]) -> bool:
    """Whether scores are mean shares of the accuracies of several tasks' references."""
    return any(isinstance(trial.outcome, Trained) and trial.outcome.beside for trial in trials)


def margin_of_scores(trials: Sequence[Trial], reference: float) -> float:
    """The margin of scores: that of accuracies; 1 point of a mean share, which has no error to take a tenth of."""
    return POINT if are_of_several_tasks(trials) else margin_of(reference)


class _SearchPlace(NamedTuple):
    """The place in which searches are comparable: their seed, and the device of each fresh score of their best."""

    seed: int
    devices: tuple[str, ...]


def _numbers(
    protocol: SearchProtocol, searches: Sequence[ComparedSearch], trials: Sequence[Trial]
) -> dict[str, dict[_SearchPlace, float]]:
    """The numbers of searches by kind and place; of one whose best lacks a fresh score there is none."""
    found: dict[str, dict[_SearchPlace, float]] = {plan.kind: {} for plan in comparison_plans(protocol)}
    for search in searches:
        for best in search.finds(protocol)[:1]:
            scores = _by_place(trials, best.contender)
            if len(scores) == len(protocol.rescoring.seeds):
                place = _SearchPlace(search.plan.seed, tuple(device for _, device in sorted(scores)))
                found[search.kind][place] = seed_scores(trials, best.contender).rank
    return found


def _by_place(trials: Sequence[Trial], contender: Contender) -> dict[tuple[int, str], float]:
    """The scores of one contender by fresh seed and device; a run that could not be trained counts 0."""
    scores = seed_scores(trials, contender).compared
    return {
        (trial.seed, trial.device): scores[trial.seed] for trial in trials if trial.fingerprint == contender.fingerprint
    }
