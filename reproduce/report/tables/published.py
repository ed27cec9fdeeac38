"""The published log and its replay as tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median
from typing import Literal

from reproduce.counts import Estimate
from reproduce.published.agreement import Agreement
from reproduce.published.comparison import Replayed
from reproduce.published.findings import (
    CauseFinding,
    DuplicateFinding,
    LogFindings,
    NoiseFinding,
    PhaseFinding,
    RepeatFinding,
    StepFinding,
)
from reproduce.published.log import LoggedEvaluation
from reproduce.report.table import NONE, Cell, Column, Item, Table, count, fixed, missing, number, percent, words


def log_tables(found: LogFindings) -> list[Table]:
    """Tabulate the log's acceptance and cost, repetition, causes and steps, and what repeats say of chance."""
    return [
        _phases(found.phases),
        _duplicates(found.duplicates),
        _causes(found.causes),
        _steps(found.steps),
        _repeats(found.noise),
        _beyond(found.noise),
    ]


def replay_tables(found: Agreement, comparisons: Sequence[Replayed], origin: str) -> list[Table]:
    """Candidates by what became of them on both sides, how far the two agree, and every candidate.

    Args:
        found: The agreement.
        comparisons: The candidates.
        origin: What was computed on what, in a sentence.
    """
    return [*agreement_tables(found, origin), _pairs(comparisons, origin)]


def agreement_tables(found: Agreement, origin: str, ending: str = "") -> list[Table]:
    """The same without the candidates; tables' names have an ``ending`` where there are several."""
    both, all_scored = f"n = {found.both}", f"n = {found.both + found.published_only}"
    counts = {
        "scored in the log": (found.both, found.published_only),
        "rejected in the log": (found.ours_only, found.neither),
    }
    correlations = {
        f"scored on both sides, {both}": found.correlation,
        f"rejected here ranks last, {all_scored}": found.with_rejected,
        "the most that noise leaves": found.ceiling,
    }
    ours, theirs = found.our_noise, found.published_noise
    return [
        Table.of(
            f"replay_counts{ending}",
            "Candidates of the log scored again",
            f"{origin} What became of {found.sampled} candidates of the log, there and here.",
            (
                Column("candidates", "in_the_log", lambda each: words(each[0])),
                _counted("scored here", "scored_here", lambda each: each[1][0]),
                _counted("rejected here", "rejected_here", lambda each: each[1][1]),
            ),
            counts.items(),
        ),
        Table.of(
            f"replay_agreement{ending}",
            "Agreement of the replay with the log",
            f"{origin} One score's standard deviation: {theirs.sd:.4f} in the log ({theirs.degrees_of_freedom} degrees "
            f"of freedom), {ours.sd:.4f} here ({ours.degrees_of_freedom}). Rejected: without a score. In the "
            "second line candidates that the log scored and that were rejected here rank last, together. The most that "
            "noise leaves: what a perfect replay would reach on average, since scores of both sides are noisy; its "
            "interval holds 95 % of such replays.",
            (
                Column("Spearman's rank correlation", "over", lambda each: words(each[0])),
                Column("value", "correlation", lambda each: number(_end(each[1], "value"), 3), numeric=True),
                Column("95 % interval", "low", lambda each: _interval(each[1]), numeric=True),
                Column("", "high", lambda each: Cell("", _end(each[1], "high"))),
            ),
            correlations.items(),
        ),
    ]


def _phases(found: Sequence[PhaseFinding]) -> Table:
    whole = [
        f" The log has no rejected candidate of the phase {each.phase}: what it rejected is not in it."
        for each in found
        if each.scored == each.rows
    ]
    columns: tuple[Column[PhaseFinding], ...] = (
        Column("phase", "phase", lambda each: words(each.phase)),
        _counted("candidates", "rows", lambda each: each.rows),
        _counted("scored", "scored", lambda each: each.scored),
        Column("accepted%", "acceptance", _acceptance, numeric=True),
        Column("minutes", "minutes", lambda each: number(each.minutes, 0), numeric=True),
        Column("seconds each", "mean_seconds", lambda each: number(each.mean_seconds, 0), numeric=True),
        Column("", "median_seconds", lambda each: number(each.median_seconds, 0)),
        Column("best", "best", lambda each: number(each.best, 4), numeric=True),
    )
    caption = f"Acceptance and cost of {sum(each.rows for each in found):,} candidates of the log.{''.join(whole)}"
    return Table.of("phases", "The published search: phases", caption, columns, found)


def _acceptance(found: PhaseFinding) -> Cell:
    return Cell(NONE, found.acceptance) if found.scored == found.rows else percent(found.acceptance)


def _duplicates(found: Sequence[DuplicateFinding]) -> Table:
    columns: tuple[Column[DuplicateFinding], ...] = (
        Column("stage", "stage", lambda each: words(each.stage)),
        _counted("scored", "scored", lambda each: each.scored),
        _counted("texts", "texts", lambda each: each.texts),
        _counted("functions", "functions", lambda each: each.functions),
        _counted("scored again", "repeated", lambda each: each.repeated),
        Column("share%", "repeated_share", lambda each: percent(each.repeated_share), numeric=True),
        Column("", "shared", lambda each: count(each.shared)),
        Column("", "shared_share", lambda each: percent(each.shared_share)),
    )
    caption = "Different texts and functions among the scored candidates, and scores of a function scored before."
    return Table.of("duplicates", "The published search: duplicates", caption, columns, found)


def _causes(found: Sequence[CauseFinding]) -> Table:
    columns: tuple[Column[CauseFinding], ...] = (
        Column("candidates", "kind", lambda each: words(each.kind)),
        _counted("in the log", "rows", lambda each: each.rows),
        _counted("rejected", "rejected", lambda each: each.rejected),
    )
    caption = "What can be told of why candidates were rejected: each counts for the first kind that it is of."
    return Table.of("causes", "The published search: causes of rejection", caption, columns, found)


def _steps(found: Sequence[StepFinding]) -> Table:
    columns: tuple[Column[StepFinding], ...] = (
        _counted("line", "line", lambda each: each.line),
        _counted("particle", "particle", lambda each: each.particle),
        _counted("depth", "depth", lambda each: each.depth),
        _score("parent", "parent_score", lambda each: each.parent_score),
        _score("child", "child_score", lambda each: each.child_score),
        _counted("children", "children", lambda each: each.children),
    )
    worse = sum(each.worse for each in found)
    children = [each.children for each in found]
    caption = f"The best child was worse than its parent in {worse} of {len(found)} steps."
    if len(set(children)) > 1:
        caption += (
            f" The log has {min(children)} to {max(children)} scored children of a step, {median(children):g} in the "
            "median: a step whose best child it lacks looks worse than it was."
        )
    return Table.of("steps", "The published search: steps of particles", caption, columns, found)


def _repeats(noise: NoiseFinding | None) -> Table:
    columns: tuple[Column[RepeatFinding], ...] = (
        Column("scored more than once", "text", lambda each: words(each.text)),
        Column("", "fingerprint", lambda each: words(each.fingerprint)),
        _counted("n", "scores", lambda each: len(each.scores)),
        _score("mean", "mean", lambda each: each.mean),
        _score("sd", "sd", lambda each: each.sd),
    )
    caption = (
        "No function was scored three times: the log says nothing about noise."
        if noise is None
        else f"Repeats of one function differ by a standard deviation of {noise.pooled_sd:.4f} "
        f"({noise.degrees_of_freedom} degrees of freedom)."
    )
    return Table.of("repeats", "The published search: repeats", caption, columns, noise.repeats if noise else ())


def _beyond(noise: NoiseFinding | None) -> Table:
    columns: tuple[Column[LoggedEvaluation], ...] = (
        Column("candidate", "text", lambda each: words(each.text)),
        _counted("line", "line", lambda each: each.line),
        _score("score", "score", lambda each: each.score),
    )
    title = "The published search: scores beyond noise"
    if noise is None:
        return Table.of("beyond_noise", title, "What is beyond noise is not known.", columns)
    caption = (
        f"{noise.scored} reruns of the function that was scored most often are expected to reach "
        f"{noise.expected_best:.4f} at best; {len(noise.beyond)} of {noise.scored} scores are higher."
    )
    return Table.of("beyond_noise", title, caption, columns, noise.beyond)


def _pairs(comparisons: Sequence[Replayed], origin: str) -> Table:
    columns: tuple[Column[Replayed], ...] = (
        Column("candidate", "text", lambda each: words(each.function.text)),
        _score("in the log", "published_score", lambda each: each.function.score),
        _counted("scores", "published_count", lambda each: len(each.function.scores)),
        _counted("rejections", "published_rejections", lambda each: each.function.rejected),
        _score("here", "our_score", lambda each: each.row.score),
        Column("outcome here", "our_outcome", lambda each: words(each.row.outcome.kind)),
        _counted("scores here", "our_runs", lambda each: len(each.scores)),
    )
    return Table.of("pairs", "Candidates of the log, there and here", origin, columns, comparisons)


def _counted(title: str, name: str, value: Callable[[Item], int]) -> Column[Item]:
    return Column(title, name, lambda each: count(value(each)), numeric=True)


def _score(title: str, name: str, value: Callable[[Item], float | None]) -> Column[Item]:
    return Column(title, name, lambda each: number(value(each), 4), numeric=True)


def _interval(found: Estimate | None) -> Cell:
    return missing(NONE) if found is None else Cell(f"{fixed(found.low, 3)} to {fixed(found.high, 3)}", found.low)


def _end(found: Estimate | None, which: Literal["value", "low", "high"]) -> float | None:
    return None if found is None else float(getattr(found, which))
