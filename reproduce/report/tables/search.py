"""Tables of what a search found: the best scored again, and how much of a difference is chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reproduce.extremes import expected_maximum
from reproduce.report.statistics import (
    CONFIDENCE,
    POWER,
    Difference,
    detectable_difference,
    holm,
    paired_difference,
    paired_p_value,
    summarise,
)
from reproduce.report.table import (
    NONE,
    Cell,
    Column,
    Table,
    missing,
    one_section,
    p_value,
    percent,
    points,
    signed,
    words,
)
from reproduce.report.tables.comparisons import placed
from reproduce.search.rescoring import Finalist
from reproduce.search.trials import Contender, SeedScores, Trial, seed_scores

#: Sizes of an arm for which the noise floor says what can be detected.
ARMS = (2, 3, 5, 10, 20)


def rescoring_table(
    name: str, finalists: Sequence[Finalist], baselines: Sequence[Contender], trials: Sequence[Trial], where: str
) -> Table:
    """The finalists and the baselines with fresh seeds.

    Args:
        name: Of the files.
        finalists: In the order of the search.
        baselines: What they are compared with.
        trials: Scores of all of them on common seeds.
        where: Profile, data set and stage, for the caption.

    Returns:
        Finalists by their new mean, best first, then the baselines; for each baseline a column with the difference to
        it and whether it is one, and a column with its p-value.
    """
    scores = {each.fingerprint: seed_scores(trials, each) for each in [*_contenders(finalists), *baselines]}
    columns = [_compared(finalists, scores, scores[baseline.fingerprint]) for baseline in baselines]
    ranked = sorted(finalists, key=lambda each: -scores[each.contender.fingerprint].rank)
    lines = [
        (
            *_line(each.contender, each.search_score, scores[each.contender.fingerprint]),
            *(cell for column in columns for cell in column[each.contender.fingerprint]),
            words(each.text),
        )
        for each in ranked
    ]
    known = [
        (
            *_line(baseline, None, scores[baseline.fingerprint]),
            *(missing(NONE) for _ in range(2 * len(baselines))),
            words(baseline.spec.to_text()),
        )
        for baseline in baselines
    ]
    return Table(
        name=name,
        title="The best candidates scored again",
        caption=(
            f"{placed(where, (trial.device for trial in trials))}: best accuracy in percent on the validation images "
            "of the search, by which it chose too, with the rate chosen by its rule for each run. again: mean over "
            f"those of n = {len({trial.seed for trial in trials})} fresh seeds with which it could be trained "
            "(trained: how many); shrinkage: what they took off the score that a candidate was chosen by. Last "
            "columns: difference in points to each tuned baseline on common seeds, where a run that could not be "
            f"trained counts 0; a tie unless the {100 * CONFIDENCE:.0f} % interval leaves 0 out and the difference is "
            f"one that so many runs detect with probability {POWER}; p: of the paired t test, corrected by Holm for "
            f"the {len(finalists)} candidates of the column."
        ),
        columns=(
            Column("candidate", "candidate"),
            Column("searched", "search_score", numeric=True),
            Column("again", "rescored_mean", numeric=True),
            Column("sd", "rescored_sd", numeric=True),
            Column("trained", "n_trained", numeric=True),
            Column("shrinkage", "shrinkage", numeric=True),
            *(column for baseline in baselines for column in _baseline_columns(baseline.name)),
            Column("", "update"),
        ),
        sections=one_section([*lines, *known]),
    )


def _contenders(finalists: Sequence[Finalist]) -> list[Contender]:
    return [finalist.contender for finalist in finalists]


def _baseline_columns(name: str) -> tuple[Column, Column]:
    return Column(f"to {name}", f"difference_to_{name}"), Column("p", f"p_value_to_{name}", numeric=True)


def _line(contender: Contender, search_score: float | None, scores: SeedScores) -> tuple[Cell, ...]:
    summary = summarise(list(scores.trained.values()))
    mean, sd = (None, None) if summary is None else (summary.mean, summary.sd)
    shrinkage = None if search_score is None or mean is None else search_score - mean
    return (
        words(contender.name),
        percent(search_score, 2),
        percent(mean, 2),
        percent(sd, 2),
        Cell(f"{len(scores.trained)}/{len(scores.compared)}", len(scores.trained)),
        points(shrinkage, 2),
    )


def _compared(
    finalists: Sequence[Finalist], scores: Mapping[str, SeedScores], baseline: SeedScores
) -> dict[str, tuple[Cell, Cell]]:
    """By fingerprint, the cells of each finalist beside one baseline."""
    own = {each.contender.fingerprint: scores[each.contender.fingerprint].compared for each in finalists}
    tested = {key: paired_p_value(each, baseline.compared) for key, each in own.items()}
    corrected = holm({key: value for key, value in tested.items() if value is not None})
    return {
        key: (_verdict(paired_difference(each, baseline.compared)), p_value(corrected.get(key)))
        for key, each in own.items()
    }


def _verdict(difference: Difference | None) -> Cell:
    """The difference and what it is called."""
    if difference is None:
        return missing(NONE)
    return Cell(f"{signed(100 * difference.mean, 2)} {difference.verdict}", difference.mean)


def noise_table(name: str, contender: Contender, trials: Sequence[Trial], searched: int, where: str) -> Table:
    """What chance does to one optimizer's score.

    Args:
        name: Of the files.
        contender: The optimizer.
        trials: Its scores with different seeds.
        searched: How many candidates the protocol's search scores at most, for the expected best of as many reruns.
        where: Profile, data set and stage, for the caption.
    """
    scores = seed_scores(trials, contender)
    summary = summarise(list(scores.trained.values()))
    if summary is None or summary.sd is None:
        raise ValueError("the noise of a score takes two trained runs or more")
    best = summary.mean + summary.sd * expected_maximum(searched)
    untrained = f" ({scores.untrained} more could not be trained)" if scores.untrained else ""
    lines = [
        (words("mean"), percent(summary.mean, 2)),
        (words("standard deviation"), percent(summary.sd, 2)),
        (words(f"expected best of {searched:,} reruns"), percent(best, 2)),
        *(
            (words(f"detectable with {arm} runs an arm"), points(detectable_difference(summary.sd, arm), 2))
            for arm in ARMS
        ),
    ]
    return Table(
        name=name,
        title=f"The noise of one score: {contender.name}",
        caption=(
            f"{placed(where, (trial.device for trial in trials))}: {contender.name} scored with n = "
            f"{summary.n} seeds{untrained}; percent, and percentage points "
            f"for what a t test at the level 0.05 detects with probability {POWER}. The expected best takes scores to "
            "be normal."
        ),
        columns=(Column("of its scores", "quantity"), Column("%", "value", numeric=True)),
        sections=one_section(lines),
    )
