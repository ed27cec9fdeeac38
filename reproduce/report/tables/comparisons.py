"""Parts that tables of comparisons share: columns, marks, cells, and the sentences that say how to read them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

from reproduce.report.analysis.best import compare_with_best
from reproduce.report.analysis.families import Difference
from reproduce.report.analysis.levels import MARGIN_WORDS, WIDTH_WORDS, confidence_words
from reproduce.report.results import Result, StudyResults
from reproduce.report.statistics import same_mean
from reproduce.report.table import (
    NONE,
    NOT_RUN,
    Cell,
    Column,
    Item,
    Mark,
    count,
    fixed,
    missing,
    number,
    percent,
    points,
    signed,
    words,
)

#: How the marks of a column are read.
MARKS = "Bold: the highest mean; ≈: may be the best too (multiple comparisons with the best, Hsu 1984)."


class Timed(Protocol):
    """Something that took time: a run, a score, a trial."""

    @property
    def seconds(self) -> float:
        """The wall time that it took."""


def marks(results: Sequence[Result]) -> Mapping[str, Mark]:
    """Mark the highest mean test accuracy, and optimizers that may be the best; nothing of fewer than two."""
    run = {result.optimizer: result for result in results if result.test is not None}
    means = {name: result.test.mean for name, result in run.items() if result.test is not None}
    if len(means) < 2:
        return {}
    highest = max(means.values())
    beside = compare_with_best({name: result.by_place for name, result in run.items()})
    found: dict[str, Mark] = {name: "possible" for name, each in beside.items() if each.high > 0}
    return found | {name: "best" for name, mean in means.items() if same_mean(mean, highest)}


def verdict_words(study: StudyResults, of: str) -> str:
    """How differences and verdicts of a study's table are read.

    Args:
        study: The study.
        of: What one family is.
    """
    seeds = study.protocol.seeds
    later = {confidence_words(len(seeds.final_of(task))) for task in seeds.run_on_to or {}}
    again = f", and where that left a task UNDECIDED that was run on, with {listed(later)}" if later else ""
    return (
        f"Differences in points, paired by seed; the intervals of a family ({of}) hold together with "
        f'{confidence_words(len(seeds.final))}{again}. {WIDTH_WORDS} Verdict: on "better", from the interval and a '
        f"margin of {MARGIN_WORDS} (artifact/ANALYSIS.md)."
    )


def levels_words(study: StudyResults) -> str:
    """The coverage of intervals that are of all seeds of a task: ``"96 %"``, ``"96 % or, on digits, 99 %"``."""
    seeds = study.protocol.seeds
    later = [f" or, on {task}, {confidence_words(len(seeds.final_of(task)))}" for task in seeds.run_on_to or {}]
    return confidence_words(len(seeds.final)) + "".join(later)


def planned_words(study: StudyResults) -> str:
    """How many final seeds are planned: ``"20 planned"``, ``"20 planned, digits run on to 43"``."""
    return f"{len(study.protocol.seeds.final)} planned{run_on_words(study)}"


def run_on_words(study: StudyResults) -> str:
    """How far tasks are run on, to follow the number that was planned: ``", digits run on to 43"``, or nothing."""
    return "".join(f", {task} run on to {total}" for task, total in (study.protocol.seeds.run_on_to or {}).items())


def difference_columns(
    title: str, found: Callable[[Item], Difference | None], otherwise: Callable[[Item], str] = lambda _: NOT_RUN
) -> tuple[Column[Item], ...]:
    """Mean, interval, verdict, the seeds that would settle it, the number of pairs; more for the CSV file alone.

    Args:
        title: The heading of the mean.
        found: From a line's item to the difference.
        otherwise: From it to what stands where there is none.
    """

    def column(heading: str, name: str, cell: Callable[[Difference], Cell]) -> Column[Item]:
        def cell_of(item: Item) -> Cell:
            each = found(item)
            return missing(otherwise(item)) if each is None else cell(each)

        return Column(heading, name, cell_of, numeric=name != "verdict")

    return (
        column(title, "difference", lambda each: points(each.mean, 2)),
        column("Interval", "", _interval),
        column("Verdict", "verdict", lambda each: words(each.verdict)),
        column("Settle", "seeds_to_settle", lambda each: count(each.seeds_to_settle)),
        column("n", "n", lambda each: count(each.n)),
        column("", "difference_low", lambda each: points(each.low)),
        column("", "difference_high", lambda each: points(each.high)),
        column("", "margin", lambda each: points(each.margin)),
        column("", "comparisons", lambda each: count(each.comparisons)),
    )


def end_of_interval(points: float) -> str:
    """One end in points with one digit, or as many more, up to four, as it takes to see on which side of 0 it lies."""
    digits = next((digits for digits in range(1, 5) if float(f"{points:.{digits}f}")), 1)
    return signed(points, digits)


def interval_text(low: float, high: float) -> str:
    """Write an interval, given in shares, in points: ``"-0.5 to +1.2"``."""
    return f"{end_of_interval(100 * low)} to {end_of_interval(100 * high)}"


def listed(values: Iterable[str]) -> str:
    """Different values in their order."""
    return "; ".join(sorted(set(values)))


def hours(timed: Iterable[Timed] | None) -> Cell:
    """The hours that all of these took together; `NONE` of None."""
    if timed is None:
        return missing(NONE)
    return number(math.fsum(each.seconds for each in timed) / 3600, 2)


def placed(where: str, devices: Iterable[str]) -> str:
    """The start of a caption: where numbers come from (profile, data set) and what they were measured on."""
    return f"{where[:1].upper()}{where[1:]}; {listed(devices) or 'no device'}"


def setting(*studies: StudyResults) -> str:
    """The sentence that places a table's numbers: profile, the tasks that have runs, devices."""
    rows = [row for study in studies for row in study.rows]
    tasks = ", ".join(dict.fromkeys(task for study in studies for task in study.tasks_run)) or "no data"
    devices = listed(f"{row.device}, {row.backend}" for row in rows) or "no device"
    return f"Profile {studies[0].protocol.profile}; {tasks}; {devices}."


def mean_cell(result: Result) -> Cell:
    """Mean test accuracy in percent."""
    return missing() if result.test is None else percent(result.test.mean, source=result.source)


def accuracy_cell(result: Result) -> Cell:
    """Mean test accuracy in percent ± sd."""
    if result.test is None:
        return missing()
    spread = "" if result.test.sd is None else f" ± {fixed(100 * result.test.sd, 1)}"
    return Cell(f"{fixed(100 * result.test.mean, 1)}{spread}", result.test.mean, source=result.source)


def _interval(found: Difference) -> Cell:
    """Make the cell of an interval, sorted by its lower end."""
    if found.low is None or found.high is None:
        return missing(NONE)
    return Cell(interval_text(found.low, found.high), found.low)
