"""Optimizers beside each other, on each task and over all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from reproduce.counts import number_of
from reproduce.report.analysis.studies import Origin, against, origin_of
from reproduce.report.analysis.verdicts import VERDICTS, Verdict
from reproduce.report.overall import Overall, compare_studies
from reproduce.report.results import REFERENCE, SameFunction, StudyResults, alike, number_of_runs
from reproduce.report.statistics import same_mean
from reproduce.report.style import (
    GREY,
    INK,
    LINES,
    PAGE,
    LineStyle,
    Picture,
    file_name,
    new_figure,
    picture,
    plain,
    say_empty,
)

_NO_TASKS = "not run: needs two tasks with runs of the same optimizers"
#: By origin: how its runs look, and what it is called.
LOOKS: Mapping[Origin, LineStyle] = {"paper": LINES[0], "baseline": LINES[1], "found": LINES[2]}
FAMILIES: Mapping[Origin, str] = {
    "paper": "the paper's",
    "baseline": "baselines",
    "found": "found by a search, or written out",
}
#: Most tasks beside each other.
_COLUMNS = 4
#: Verdicts whose optimizers are named.
_NAMED: tuple[Verdict, ...] = ("SUPPORTED", "CONTRADICTED")


def accuracy_picture(study: StudyResults) -> Picture:
    """Test accuracy of every final run of a study, a panel for each task."""
    by_task = {task: [each for each in study.functions(task) if each.first.finals] for task in study.tasks_run}
    counts = number_of_runs(len(group.first.finals) for groups in by_task.values() for group in groups)
    title = f"Test accuracy in the study {study.title}: each run a mark, their mean a bar, {REFERENCE} dashed, {counts}"
    name = file_name("accuracy", study.name)
    reading = f"{accuracy_reading(by_task)}{_verdicts(study)}"
    return picture(name, title, reading, lambda: draw_accuracies(by_task))


def overall_pictures(studies: Sequence[StudyResults], reference: str) -> list[Picture]:
    """Draw interquartile means and ranks over all tasks of these studies; see `compare_studies`."""
    overall = compare_studies(studies, reference)
    counted_tasks = f"{number_of(len(overall.tasks), 'task')}, " if overall else ""
    runs = sum(len(runs) for by_task in (overall.scores if overall else {}).values() for runs in by_task.values())
    profiles = dict.fromkeys(f"profile {study.protocol.profile}, " for study in studies)
    made = f"{''.join(profiles)}{counted_tasks}n = {runs} runs"
    return [
        picture(
            "interquartile_means",
            f"Interquartile mean of accuracy above guessing with 95 % bootstrap intervals, {made}",
            mean_reading(overall),
            lambda: draw_means(overall),
        ),
        picture(
            "ranks", f"Average rank over tasks, 1 the best, {made}", rank_reading(overall), lambda: draw_ranks(overall)
        ),
    ]


def accuracy_reading(by_task: Mapping[str, Sequence[SameFunction]]) -> str:
    """The best and the worst mean of each task."""
    parts = []
    for task, groups in by_task.items():
        means = {group.label: _mean(group) for group in groups}
        if means:
            best, worst = max(means.values()), min(means.values())
            parts.append(f"{task}: {_named(means, best)} down to {_named(means, worst)}")
    return f"Highest and lowest mean on {'; '.join(parts)}." if parts else "Nothing has been run."


def _verdicts(study: StudyResults) -> str:
    """A sentence for each task on the verdicts against the reference, those that are decided by name."""
    reference, sentences = study.protocol.optimizers.reference, []
    for task in study.tasks_run:
        compared = [each for each in against(study, task, study.result(task, reference)) if each.result.finals]
        labels = {verdict: [each.label for each in compared if each.verdict == verdict] for verdict in VERDICTS}
        named = {verdict: f" ({'; '.join(names)})" if verdict in _NAMED else "" for verdict, names in labels.items()}
        parts = [f"{len(names)} {verdict}{named[verdict]}" for verdict, names in labels.items() if names]
        sentences += [f" Better than {reference} on {task}: {', '.join(parts)}."] if parts else []
    return "".join(sentences)


def mean_reading(overall: Overall | None) -> str:
    """The leader, and whose interval reaches into its own."""
    if overall is None:
        return f"{_NO_TASKS.capitalize()}."
    means = overall.interquartile_means
    best = max(means, key=lambda name: means[name].value)
    near = [name for name in means if name != best and means[name].high >= means[best].low]
    named = "; ".join(map(overall.label, near)) or "none"
    highest = f"{100 * means[best].value:.1f} %"
    return f"Highest: {overall.label(best)}, {highest}; intervals that overlap its: {named}."


def rank_reading(overall: Overall | None) -> str:
    """Friedman's test, and what difference of ranks so few tasks can tell."""
    if overall is None:
        return f"{_NO_TASKS.capitalize()}."
    ranks = overall.ranks
    if ranks.p_value is None or ranks.critical_difference is None or ranks.detectable is None:
        return "Too few optimizers for a test of ranks."
    found = "differ" if ranks.p_value < 0.05 else "are not told apart"
    return (
        f"Ranks {found} (Friedman's p = {ranks.p_value:.2g}). Bars join what is closer than the critical difference "
        f"{ranks.critical_difference:.1f}; a difference of {ranks.detectable:.1f} would be found with probability 0.8, "
        f"and {len(ranks.average) - 1} is the most there can be."
    )


def draw_accuracies(by_task: Mapping[str, Sequence[SameFunction]]) -> Any:
    """One panel for each task, one line for each optimizer, in the order of the first task's means."""
    shown = {task: groups for task, groups in by_task.items() if groups}
    if not shown:
        return _empty("not run")
    lines = _lines_of(shown)
    columns = min(_COLUMNS, len(shown))
    rows = -(-len(shown) // columns)
    figure = new_figure(PAGE, 0.7 + rows * (0.3 + 0.17 * len(lines)))
    axes = list(figure.subplots(rows, columns, sharey=True, squeeze=False).flat)
    for empty in axes[len(shown) :]:
        empty.remove()
    for panel, (task, groups) in zip(axes, shown.items(), strict=False):
        for group in groups:
            for height in {number for number, names in enumerate(lines) if set(names) & set(group.names)}:
                values = [100 * accuracy for accuracy in group.first.test_by_seed.values()]
                look = LOOKS[origin_of(group.first.entrant)]
                panel.plot(
                    values, [height] * len(values), look.marker, markersize=3, color=look.color, fillstyle="none"
                )
                panel.plot([100 * _mean(group)], [height], "|", markersize=8, markeredgewidth=2, color=INK)
        middle = next((100 * _mean(group) for group in groups if REFERENCE in group.names), None)
        if middle is not None:
            panel.axvline(middle, color=GREY, linestyle=LINES[1].dashes, linewidth=0.9, zorder=0)
        panel.set_title(plain(task), fontsize=8)
    for panel in axes[len(shown) - columns : len(shown)]:
        panel.set_xlabel("test accuracy, %")
    axes[0].set_yticks(range(len(lines)), [plain(", ".join(names)) for names in lines], fontsize=7)
    axes[0].set_ylim(len(lines) - 0.4, -0.6)
    found = {origin_of(group.first.entrant) for groups in shown.values() for group in groups}
    handles = [
        axes[0].plot([], [], look.marker, color=look.color, fillstyle="none", label=FAMILIES[origin])[0]
        for origin, look in LOOKS.items()
        if origin in found
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), fontsize=8, handlelength=1)
    return figure


def draw_means(overall: Overall | None) -> Any:
    """A dot with its interval for each optimizer, the best on top."""
    if overall is None:
        return _empty(_NO_TASKS)
    means = overall.interquartile_means
    order = sorted(means, key=lambda name: -means[name].value)
    figure = new_figure(5.6, 1.0 + 0.17 * len(order))
    axes = figure.add_subplot()
    heights = np.arange(len(order))
    lows, highs = ([100 * getattr(means[name], end) for name in order] for end in ("low", "high"))
    axes.hlines(heights, lows, highs, color=GREY, linewidth=2.5)
    axes.plot([100 * means[name].value for name in order], heights, "o", markersize=4.5, color=LINES[0].color)
    axes.set_yticks(heights, [plain(overall.label(name)) for name in order], fontsize=7)
    axes.set_ylim(len(order) - 0.4, -0.6)
    axes.set_xlabel("interquartile mean, % (guessing 0, no error 100)")
    return figure


def draw_ranks(overall: Overall | None) -> Any:
    """Average ranks on a line, names at both sides, bars over those that are not told apart."""
    if overall is None:
        return _empty(_NO_TASKS)
    ranks = overall.ranks
    order = sorted(ranks.average, key=lambda name: ranks.average[name])
    cliques = rank_cliques([ranks.average[name] for name in order], ranks.critical_difference)
    left = -(-len(order) // 2)
    figure = new_figure(PAGE, 1.0 + 0.17 * left + 0.09 * len(cliques))
    axes = figure.add_subplot()
    count = max(len(order), 2)
    first = -0.5 * len(cliques) - 1.0
    for number, (start, end) in enumerate(cliques):
        ends = ranks.average[order[start]] - 0.04, ranks.average[order[end]] + 0.04
        axes.hlines(-0.5 * (number + 1), *ends, color=LINES[1].color, linewidth=3)
    for position, name in enumerate(order):
        is_left = position < left
        height = first - (position if is_left else len(order) - 1 - position)
        side = 1 - 0.02 * count if is_left else count + 0.02 * count
        rank = ranks.average[name]
        axes.plot([rank, rank, side], [0, height, height], color=GREY, linewidth=0.8)
        label = plain(overall.label(name))
        text = f"{label}  {rank:.1f}" if is_left else f"{rank:.1f}  {label}"
        axes.text(side, height, f" {text} ", ha="right" if is_left else "left", va="center", fontsize=7)
    axes.plot([1, count], [0, 0], color=INK, linewidth=1.2)
    for tick in range(1, count + 1, max(1, count // 10)):
        axes.plot([tick, tick], [0, 0.25], color=INK, linewidth=1.0)
        axes.text(tick, 0.4, str(tick), ha="center", va="bottom", fontsize=7)
    axes.set_xlim(1 - 0.28 * count, count + 0.28 * count)
    axes.set_ylim(first - left, 1.5)
    axes.set_axis_off()
    return figure


def rank_cliques(ranks: Sequence[float], critical_difference: float | None) -> list[tuple[int, int]]:
    """The longest runs of ascending ranks that differ by less than the critical difference, as first and last index."""
    if critical_difference is None:
        return []
    ends = [
        max(last for last in range(first, len(ranks)) if ranks[last] - ranks[first] < critical_difference)
        for first in range(len(ranks))
    ]
    return [(first, end) for first, end in enumerate(ends) if end > first and (first == 0 or end > ends[first - 1])]


def _lines_of(by_task: Mapping[str, Sequence[SameFunction]]) -> list[tuple[str, ...]]:
    """The optimizers of each line: those that coincide on every task share one."""
    groups = [{name: group for group in of_task for name in group.names} for of_task in by_task.values()]
    names = dict.fromkeys(name for by_name in groups for name in by_name)
    lines = alike({name: tuple(by_name[name].names if name in by_name else () for by_name in groups) for name in names})
    return sorted(lines, key=lambda line: -_mean(groups[0][line[0]]) if line[0] in groups[0] else 1.0)


def _named(means: Mapping[str, float], wanted: float) -> str:
    """All that have this mean, with it in percent."""
    return f"{', '.join(name for name, mean in means.items() if same_mean(mean, wanted))} {100 * wanted:.1f} %"


def _mean(group: SameFunction) -> float:
    return float(np.mean(list(group.first.test_by_seed.values())))


def _empty(text: str) -> Any:
    figure = new_figure(5.6, 1.5)
    say_empty(figure.add_subplot(), text)
    return figure
