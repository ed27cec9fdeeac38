"""Results set beside each other: differences on common seeds, and which results the best is not told apart from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from reproduce.report.results import Result, StudyResults
from reproduce.report.statistics import Difference, paired_difference, same_mean
from reproduce.report.table import NONE, Cell, Mark, fixed, missing, points, signed, words


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


def difference_cells(found: Difference | None) -> tuple[Cell, ...]:
    """Mean, interval, verdict, then both ends and the number of pairs for the CSV file alone."""
    if found is None:
        return tuple(missing() for _ in range(6))
    low, high = found.low, found.high
    interval = missing(NONE)
    if low is not None and high is not None:  # A table is sorted by its lower end.
        interval = Cell(f"{end_of_interval(100 * low)} to {end_of_interval(100 * high)}", low)
    ends = (points(low), points(high))
    return (points(found.mean), interval, words(found.verdict), *ends, Cell(str(found.n), found.n))


def end_of_interval(points: float) -> str:
    """One end in points with one digit, or as many more, up to four, as it takes to see on which side of 0 it lies."""
    digits = next((digits for digits in range(1, 5) if float(f"{points:.{digits}f}")), 1)
    return signed(points, digits)


def listed(values: Iterable[str]) -> str:
    """Different values in their order."""
    return "; ".join(sorted(set(values)))


def placed(where: str, devices: Iterable[str]) -> str:
    """The start of a caption: where numbers come from (profile, data set) and what they were measured on."""
    return f"{where[:1].upper()}{where[1:]}; {listed(devices) or 'no device'}"


def setting(studies: Sequence[StudyResults]) -> str:
    """The sentence that places a table's numbers: profile, the tasks that have runs, devices."""
    rows = [row for study in studies for row in study.rows]
    run = {row.task for row in rows}
    tasks = ", ".join(dict.fromkeys(task for study in studies for task in study.tasks if task in run)) or "no data"
    devices = listed(f"{row.device}, {row.backend}" for row in rows) or "no device"
    return f"Profile {studies[0].protocol.profile}; {tasks}; {devices}."


def study_setting(study: StudyResults) -> str:
    """The same of one study."""
    return setting([study])


def accuracy_cell(result: Result) -> Cell:
    """Mean test accuracy in percent ± sd."""
    if result.test is None:
        return missing()
    spread = "" if result.test.sd is None else f" ± {fixed(100 * result.test.sd, 1)}"
    return Cell(f"{fixed(100 * result.test.mean, 1)}{spread}", result.test.mean, source=result.source)
