"""Comparisons of searches: what they found, scored again, beside a tuned baseline or what another search found."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

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
    return compare_family(
        {
            each.fingerprint: PairedRuns(seed_scores(trials, each).compared, reference.compared, margin, planned)
            for each in contenders
        }
    )


def kinds_against(
    protocol: SearchProtocol, searches: Sequence[ComparedSearch], trials: Sequence[Trial], kind: str
) -> dict[str, Difference]:
    """The differences of all other kinds of search to one kind, one family, by kind, paired by the searches' seeds.

    The number of a search is the mean, over fresh seeds, of the candidate that it scored best. A kind that was planned
    and has none is left out, and counts as a comparison.

    Args:
        protocol: Of the comparison.
        searches: All of them.
        trials: Scores with fresh seeds; a run that could not be trained counts 0.
        kind: See `ComparedSearch`.
    """
    found: dict[str, dict[int, float]] = {plan.kind: {} for plan in comparison_plans(protocol)}
    for search in searches:
        best = search.finds(protocol)[:1]
        scores = [seed_scores(trials, each.contender) for each in best]
        if scores and len(scores[0].compared) == len(protocol.rescoring.seeds):
            found[search.kind][search.plan.seed] = scores[0].rank
    reference = found.pop(kind, {})
    if not reference:
        return {}
    margin, planned = margin_of_scores(trials, statistics.fmean(reference.values())), len(protocol.comparison.seeds)
    return compare_family({other: PairedRuns(own, reference, margin, planned) for other, own in found.items()})


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
