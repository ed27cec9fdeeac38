"""Tables of what a search found: the best scored again, and how much of a difference is chance."""

from __future__ import annotations

from collections.abc import Sequence

from reproduce.report.statistics import (
    CONFIDENCE,
    POWER,
    Difference,
    detectable_difference,
    paired_difference,
    summarise,
)
from reproduce.report.table import (
    NONE,
    Cell,
    Column,
    Table,
    missing,
    one_section,
    percent,
    points,
    signed,
    words,
)
from reproduce.search.rescoring import Finalist
from reproduce.search.trials import Contender, Trial, scores_by_seed

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
        Finalists by their new mean, best first, then the baselines; a column for each baseline with the difference to
        it and whether it is one.
    """
    comparisons = max(1, len(finalists) * len(baselines))
    confidence = 1 - (1 - CONFIDENCE) / comparisons
    scores = {each.fingerprint: scores_by_seed(trials, each) for each in [*_contenders(finalists), *baselines]}
    lines = [
        (
            _mean(scores[finalist.contender.fingerprint]),
            _line(finalist.contender, finalist.search_score, finalist.text, scores, baselines, confidence),
        )
        for finalist in finalists
    ]
    ranked = [line for _, line in sorted(lines, key=lambda pair: -pair[0])]
    known = [
        _line(baseline, None, baseline.spec.to_text(), scores, (), confidence, len(baselines)) for baseline in baselines
    ]
    number = len({trial.seed for trial in trials})
    return Table(
        name=name,
        title="The best candidates scored again",
        caption=(
            f"{where}: best validation accuracy in percent, the rate chosen by the rule of the search for each run. "
            f"again: mean over n = {number} fresh seeds, a run that could not be trained counting 0 "
            "(runs: how many could); shrinkage: what fresh seeds took off the score that a candidate was chosen by. "
            "Last columns: difference in points to each tuned baseline on common seeds; a tie "
            f"unless the {100 * CONFIDENCE:.0f} % interval, corrected for "
            f"{comparisons} comparisons, leaves 0 out and the difference is one that so many runs detect with "
            f"probability {POWER}."
        ),
        columns=(
            Column("candidate", "candidate"),
            Column("searched", "search_score", numeric=True),
            Column("again", "rescored_mean", numeric=True),
            Column("sd", "rescored_sd", numeric=True),
            Column("runs", "n", numeric=True),
            Column("shrinkage", "shrinkage", numeric=True),
            *(Column(f"to {baseline.name}", f"difference_to_{baseline.name}") for baseline in baselines),
            Column("", "update"),
        ),
        sections=one_section([*ranked, *known]),
    )


def _contenders(finalists: Sequence[Finalist]) -> list[Contender]:
    return [finalist.contender for finalist in finalists]


def _mean(scores: dict[int, float]) -> float:
    summary = summarise(list(scores.values()))
    return -1.0 if summary is None else summary.mean


def _line(
    contender: Contender,
    search_score: float | None,
    text: str,
    scores: dict[str, dict[int, float]],
    baselines: Sequence[Contender],
    confidence: float,
    empty: int = 0,
) -> tuple[Cell, ...]:
    own = scores[contender.fingerprint]
    summary = summarise(list(own.values()))
    mean, sd = (None, None) if summary is None else (summary.mean, summary.sd)
    shrinkage = None if search_score is None or mean is None else search_score - mean
    return (
        words(contender.name),
        percent(search_score, 2),
        percent(mean, 2),
        percent(sd, 2),
        Cell(f"{sum(score > 0 for score in own.values())}/{len(own)}", len(own)),
        points(shrinkage, 2),
        *(_verdict(paired_difference(own, scores[each.fingerprint], confidence)) for each in baselines),
        *(missing(NONE) for _ in range(empty)),
        words(text),
    )


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
    summary = summarise(list(scores_by_seed(trials, contender).values()))
    if summary is None or summary.sd is None:
        raise ValueError("the noise of a score takes two trials or more")
    best = summary.mean + summary.sd * expected_maximum(searched)
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
            f"{where}: {contender.name} scored with n = {summary.n} seeds; percent, and percentage points for what a t "
            f"test at the level 0.05 detects with probability {POWER}. The expected best takes scores to be normal."
        ),
        columns=(Column("of its scores", "quantity"), Column("%", "value", numeric=True)),
        sections=one_section(lines),
    )


def expected_maximum(count: int) -> float:
    """The expected largest of ``count`` standard normal numbers, in standard deviations.

    Raises:
        ValueError: If ``count`` is less than 1.
    """
    from scipy import integrate, stats

    if count < 1:
        raise ValueError(f"received count = {count}; expected 1 or more")

    def density(x: float) -> float:
        return float(x * count * stats.norm.pdf(x) * stats.norm.cdf(x) ** (count - 1))

    return float(integrate.quad(density, -10.0, 12.0, limit=200)[0])
