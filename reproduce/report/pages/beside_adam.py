"""The paper's own claim in sentences: how many of its optimizers are better than Adam, task by task of real images."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from paper_optimizers import describe, names
from reproduce.counts import enumerated
from reproduce.report.analysis.answers import TaskAnswer
from reproduce.report.analysis.levels import confidence_words
from reproduce.report.analysis.studies import Compared, against
from reproduce.report.analysis.verdicts import VERDICTS
from reproduce.report.pages.answer import PLAIN, kept_answers, kept_collections, on_images, titles
from reproduce.report.pages.rates import StudyTask, stands_for
from reproduce.report.results import REFERENCE


class _OnTask(NamedTuple):
    """A task in words, and the paper's functions beside Adam on it, the evolved ones and the variants of Adam."""

    title: str
    task: StudyTask
    answer: TaskAnswer
    evolved: list[Compared]
    variants: list[Compared]


def adam_sentences() -> str:
    """Say on each task how many evolved optimizers are better than Adam, which and by how much; then the variants."""
    places = _places()
    return " ".join([evolved_sentences(), *_variants(places)]) if places else "Nothing has been run."


def evolved_sentences() -> str:
    """Say on each task how many evolved optimizers are better than Adam, which and by how much."""
    places = _places()
    if not places:
        return "Nothing has been run."
    first, *others = places
    levels = " or ".join(sorted({confidence_words(each.answer.difference.n) for each in places}))
    parts = [
        "The paper has ten evolved optimizers, Opt1 to Opt10.",
        *_counted_as_one(places, "evolved"),
        f"**Against {REFERENCE}, which the paper claims to beat, {_share(first.evolved)} are better on {first.title}**"
        f"{_which(first)}.",
        *(f"On {each.title} {_share(each.evolved)} are{_which(each)}." for each in others),
        f"With {levels} confidence all intervals of a task are right at once.",
    ]
    return " ".join(parts)


def _counted_as_one(places: Sequence[_OnTask], family: str) -> Iterator[str]:
    """Say which of a family tasks left out, since digits did not tell them apart, and which its own runs did not."""
    trained: dict[str, list[str]] = {}
    fewer: dict[int, list[str]] = {}
    for place in places:
        absent = _left_out(place, family)
        trained |= absent
        if absent:
            fewer.setdefault(len(_ran(place, family)), []).append(place.title)
    if trained:
        groups = [enumerated([twin, *alike]) for twin, alike in trained.items()]
        counts = [f"{count} to compare on {enumerated(titles_of)}" for count, titles_of in fewer.items() if count > 1]
        yield (
            f"In the study `main` on digits {_each_alike(groups)}, so {enumerated([*trained])} ran for all of them"
            f"{': ' * bool(counts)}{'; '.join(counts)}."
        )
    for place in places:
        groups = [enumerated(each.names) for each in _ran(place, family) if len(each.names) > 1]
        if groups:
            yield f"On {place.title} {_each_alike(groups)}, so it has {len(_ran(place, family))}."


def _ran(place: _OnTask, family: str) -> list[Compared]:
    return place.evolved if family == "evolved" else place.variants


def _each_alike(groups: Sequence[str]) -> str:
    """``"A and B trained alike, and so did C and D"``."""
    first, *others = groups
    return f"{first} trained alike{''.join(f', and so did {each}' for each in others)}"


def _left_out(place: _OnTask, family: str) -> dict[str, list[str]]:
    """The optimizers of a family that have no runs on a task, by the one whose runs stand for them."""
    ran, found = {name for each in _ran(place, family) for name in each.names}, dict[str, list[str]]()
    for name in names():
        twin = stands_for(name, place.task) if _family(name) == family and name not in ran else None
        if twin is not None:
            found.setdefault(twin, []).append(name)
    return found


def _variants(places: Sequence[_OnTask]) -> Iterator[str]:
    """Say who of the variants of Adam ran on which tasks, and what they are there: once for tasks that are alike."""
    alike: dict[str, list[str]] = {}
    variants = [name for name in names() if _family(name) == "adam-variant"]
    for place in places:
        ran = [name for each in place.variants for name in each.names]
        stood_for = [name for names_of in _left_out(place, "adam-variant").values() for name in names_of]
        absent = [name for name in variants if name not in (*ran, *stood_for)]
        who = f"all {len(variants)}" if len(ran) == len(variants) else enumerated(ran or ["none"])
        aside = f" ({enumerated(absent)} did not run)" if ran and absent else ""
        outcome = f"{who}{aside} {'is' if len(ran) < 2 else 'are'} {_together(place.variants)}"
        alike.setdefault(outcome, []).append(place.title)
    outcomes = "; ".join(f"{outcome} on {enumerated(titles_of)}" for outcome, titles_of in alike.items())
    yield f"The paper has five variants of {REFERENCE} too, A1 to A5."
    yield from _counted_as_one(places, "adam-variant")
    yield f"Beside {REFERENCE} {outcomes}."


def _places() -> list[_OnTask]:
    studies = {(found.profile, study.name): study for found in kept_collections() for study in found.studies}
    shown = on_images(kept_answers())
    found = []
    for title, answer in zip(titles(shown), shown, strict=True):
        study = studies[answer.profile, answer.study]
        compared = against(study, answer.task, study.result(answer.task, REFERENCE))
        evolved, variants = (
            [each for each in compared if _family(each.names[0]) == family] for family in ("evolved", "adam-variant")
        )
        found.append(_OnTask(title, StudyTask(study, answer.task), answer, evolved, variants))
    return found


def _family(name: str) -> str:
    return describe(name).family if name in names() else ""


def _share(found: Sequence[Compared]) -> str:
    return f"{len(_better(found)) or 'none'} of {len(found)}"


def _better(found: Sequence[Compared]) -> list[Compared]:
    return [each for each in found if each.verdict == "SUPPORTED"]


def _which(place: _OnTask) -> str:
    """Name the better ones, with the smallest and the largest difference, and say how long and how often was run."""
    better, seeds = _better(place.evolved), place.answer.difference.n
    runs = f"n = {seeds}, {place.answer.steps:,} updates"
    points = [f"{100 * each.difference.mean:.1f}" for each in better if each.difference is not None]
    if not points:
        return f" ({_together(place.evolved)}; {runs})"
    least, largest = min(points, key=float), max(points, key=float)
    by = least if least == largest else f"{least} to {largest}"
    return f": {enumerated([each.label for each in better])}, by {by} points ({runs})"


def _together(found: Sequence[Compared]) -> str:
    """The verdicts of these as words, counted where they differ."""
    counts = Counter(each.verdict for each in found)
    shown = [each for each in VERDICTS if counts[each]]
    words = [PLAIN[each] if len(shown) == 1 else f"{counts[each]} {PLAIN[each]}" for each in shown]
    return " and ".join(words) or "not run"
