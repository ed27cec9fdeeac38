"""Results set beside each other: differences on common seeds, and which results the best is not told apart from."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

from reproduce.report.results import Result, StudyResults
from reproduce.report.statistics import Difference, paired_difference, same_mean
from reproduce.report.table import (
    NONE,
    Cell,
    Column,
    Item,
    Mark,
    fixed,
    missing,
    number,
    percent,
    points,
    signed,
    words,
)


class Timed(Protocol):
    """What took some time: a run, a score, a trial."""

    @property
    def seconds(self) -> float:
        """The wall time that it took."""


def difference(result: Result | None, reference: Result | None) -> Difference | None:
    """Test accuracy of a result minus that of a reference on common seeds; None where there are none."""
    if result is None or reference is None:
        return None
    return paired_difference(result.test_by_seed, reference.test_by_seed)


def marks(results: Sequence[Result]) -> Mapping[str, Mark]:
    """By optimizer: the best mean test accuracy, and those that tie with it; nothing where fewer than two were run.

    Of several with the best mean each is the best; the others are compared with the first of them.
    """
    means = {result.optimizer: result.test.mean for result in results if result.test is not None}
    if len(means) < 2:
        return {}
    best = max(means, key=lambda name: means[name])
    top = next(result for result in results if result.optimizer == best)
    found: dict[str, Mark] = {name: "best" for name, mean in means.items() if same_mean(mean, means[best])}
    for result in results:
        against = difference(result, top)
        if result.optimizer not in found and against is not None and against.verdict == "tie":
            found[result.optimizer] = "tie"
    return found


def difference_columns(
    title: str, num_pairs: tuple[str, str], found: Callable[[Item], Difference | str]
) -> tuple[Column[Item], ...]:
    """Mean, interval, verdict, then both ends for the CSV file alone, and the number of pairs.

    Args:
        title: The heading of the mean.
        num_pairs: Heading and name of the number of pairs.
        found: From a line's item to the difference, or what stands in its place.
    """

    def column(heading: str, name: str, cell: Callable[[Difference], Cell]) -> Column[Item]:
        def cell_of(item: Item) -> Cell:
            each = found(item)
            return missing(each) if isinstance(each, str) else cell(each)

        return Column(heading, name, cell_of, numeric=name != "verdict")

    return (
        column(title, "difference", lambda each: points(each.mean)),
        column("95 % interval", "", _interval),
        column("Verdict", "verdict", lambda each: words(each.verdict)),
        column("", "difference_low", lambda each: points(each.low)),
        column("", "difference_high", lambda each: points(each.high)),
        column(*num_pairs, lambda each: Cell(str(each.n), each.n)),
    )


def end_of_interval(points: float) -> str:
    """One end in points with one digit, or as many more, up to four, as it takes to see on which side of 0 it lies."""
    digits = next((digits for digits in range(1, 5) if float(f"{points:.{digits}f}")), 1)
    return signed(points, digits)


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
    """Both ends; a table is sorted by the lower one."""
    if found.low is None or found.high is None:
        return missing(NONE)
    return Cell(f"{end_of_interval(100 * found.low)} to {end_of_interval(100 * found.high)}", found.low)
