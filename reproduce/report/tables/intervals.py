"""Table of secondary intervals of a study: through tuning and with test images, where its rows tell."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from reproduce.counts import Estimate
from reproduce.outcomes import unpack_bits
from reproduce.report.analysis.secondary import Tuned, through_tuning, with_test_images
from reproduce.report.analysis.studies import BEST, Compared, Origin, against, best_against_best, origin_of
from reproduce.report.results import Result, StudyResults, counted_accuracy
from reproduce.report.table import NONE, Cell, Column, Table, missing, points, words
from reproduce.report.tables.comparisons import interval_text, run_on_words, setting
from reproduce.study.rows import Row
from reproduce.study.tuning import Setting

#: Every interval's draws begin here, so that none depends on which others there are.
_SEED = 20240404


def interval_table(study: StudyResults) -> Table | None:
    """Secondary intervals beside the best baseline and the reference; None where no row tells more than the seeds."""
    sections = {title: lines for task in study.tasks_run for title, lines in _sections(study, task)}
    if not any(line.tuning or line.images for lines in sections.values() for line in lines):
        return None
    return Table.of(
        name=f"{study.name}_intervals",
        title=f"What tuning and test images add to the intervals of the study {study.name}",
        caption=(
            f"{setting(study)} Differences of test accuracy in points, n = {len(study.protocol.seeds.final)} seeds "
            f"planned{run_on_words(study)}. Seeds: the interval that the verdict is from. The others are of one "
            "comparison each, 95 %, and decide nothing. Tuning: a bootstrap over "
            f"n = {len(study.protocol.seeds.tune)} tuning seeds that chooses the settings again, and so which baseline "
            "and which evolved optimizer is the best one. Images: the sampling of the test images is counted too "
            "(artifact/ANALYSIS.md)."
        ),
        columns=(
            Column("Optimizer", "optimizer", lambda line: words(line.compared.label)),
            Column("Difference", "difference", _difference, numeric=True),
            *_interval_columns("Seeds", "seeds", lambda line: line.seeds),
            *_interval_columns("Tuning", "tuning", lambda line: line.tuning),
            *_interval_columns("Images", "images", lambda line: line.images),
        ),
        sections=sections,
        section_name="comparison",
    )


class _IntervalLine(NamedTuple):
    """A function beside the reference, with each interval that there is."""

    compared: Compared
    seeds: Estimate | None
    tuning: Estimate | None
    images: Estimate | None


def _sections(study: StudyResults, task: str) -> Iterator[tuple[str, list[_IntervalLine]]]:
    """The best evolved optimizer and each evolved one beside the best baseline, then all beside the reference."""
    tuned = {each.optimizer: found for each in study.of_task(task) if (found := _tuned(each)) is not None}
    sides = {origin: [tuned[name] for name in _run(study, task, origin) if name in tuned] for origin in BEST.values()}
    best = best_against_best(study, task)
    if best is not None:
        baseline = best.reference
        evolved = [each for each in against(study, task, baseline) if origin_of(each.result.entrant) == "paper"]
        lines = [_line(each, [tuned[each.result.optimizer]], sides["baseline"]) for each in evolved]
        yield (
            f"{task}: the best evolved against the best baseline, {baseline.optimizer}",
            [_line(best, sides["paper"], sides["baseline"])],
        )
        yield f"{task}: against the best baseline, {baseline.optimizer}", lines
    reference = study.protocol.optimizers.reference
    theirs = [tuned[reference]] if reference in tuned else []
    yield (
        f"{task}: against {reference}",
        [
            _line(each, [tuned[name] for name in (each.result.optimizer,) if name in tuned], theirs)
            for each in against(study, task, study.result(task, reference))
        ],
    )


def _run(study: StudyResults, task: str, origin: Origin) -> list[str]:
    """The optimizers of an origin that have final runs."""
    return [each.optimizer for each in study.of_task(task) if each.finals and origin_of(each.entrant) == origin]


def _line(compared: Compared, ours: Sequence[Tuned], theirs: Sequence[Tuned]) -> _IntervalLine:
    found, seeds = compared.difference, None
    if found is not None and found.low is not None and found.high is not None:
        seeds = Estimate(found.mean, found.low, found.high)
    tuning = through_tuning(ours, theirs, np.random.default_rng(_SEED))
    return _IntervalLine(compared, seeds, tuning, _images(compared.result, compared.reference))


def _tuned(result: Result) -> Tuned | None:
    """The tuning results by which an optimizer's settings were chosen; None before they are."""
    if result.choice.rate is None:
        return None
    tuning: dict[Setting, dict[int, float]] = {}
    for row in result.tuning:
        accuracy = counted_accuracy(row, row.validation_accuracy)
        tuning.setdefault(Setting(row.rate, row.weight_decay), {})[row.seed] = accuracy
    return Tuned(result.by_place, tuning, Setting(result.choice.rate, result.weight_decay))


def _images(one: Result, other: Result) -> Estimate | None:
    """The interval with the test images of seeds that both were run with on one device; None where rows lack them."""
    rows = {(row.seed, row.device): row for row in one.finals}
    pairs = [(rows[row.seed, row.device], row) for row in other.finals if (row.seed, row.device) in rows]
    bits = [(_correct(row), _correct(twin)) for row, twin in pairs]
    told = [(mine, theirs) for mine, theirs in bits if mine is not None and theirs is not None]
    if len(told) < 2 or len(told) < len(bits) or len({len(each) for pair in told for each in pair}) > 1:
        return None
    return with_test_images(np.array([mine for mine, _ in told]), np.array([theirs for _, theirs in told]))


def _correct(row: Row) -> NDArray[np.bool_] | None:
    """Which test images a run told rightly; their number follows from its accuracy."""
    if row.test_correct is None or not row.test_accuracy:
        return None
    bits = unpack_bits(row.test_correct)
    return bits[: round(int(bits.sum()) / row.test_accuracy)]


def _difference(line: _IntervalLine) -> Cell:
    return missing() if line.compared.difference is None else points(line.compared.difference.mean, 2)


def _interval_columns(
    title: str, name: str, found: Callable[[_IntervalLine], Estimate | None]
) -> tuple[Column[_IntervalLine], ...]:
    """Make two columns: the interval as shown, sorted by its lower end, and its upper end for the CSV file alone."""

    def shown(line: _IntervalLine) -> Cell:
        each = found(line)
        return missing(NONE) if each is None else Cell(interval_text(each.low, each.high), each.low)

    def high(line: _IntervalLine) -> Cell:
        each = found(line)
        return missing(NONE) if each is None else points(each.high)

    return Column(title, f"{name}_low", shown, numeric=True), Column("", f"{name}_high", high)
