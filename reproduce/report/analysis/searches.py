"""Comparisons within searches: what a search found, scored again with fresh seeds, beside a tuned baseline."""

from __future__ import annotations

from collections.abc import Sequence

from reproduce.report.analysis.families import Difference, PairedRuns, compare_family
from reproduce.report.analysis.levels import margin_of
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
    margin = margin_of(reference.rank)
    return compare_family(
        {
            each.fingerprint: PairedRuns(seed_scores(trials, each).compared, reference.compared, margin, planned)
            for each in contenders
        }
    )
