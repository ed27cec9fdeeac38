"""The answer so far: the best of the paper's optimizers beside the best tuned baseline, by task."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache

from reproduce.counts import enumerated, number_of
from reproduce.report.analysis.answers import TaskAnswer, answers
from reproduce.report.analysis.levels import MARGIN_WORDS, confidence_words
from reproduce.report.analysis.verdicts import VERDICTS, Verdict
from reproduce.report.collection import Collection, profiles_in, read_collection
from reproduce.report.figures.forest import ForestLine, forest_picture, forest_reading
from reproduce.report.pages import ARTIFACT
from reproduce.report.pages.tables import markdown
from reproduce.report.style import Picture
from reproduce.report.table import signed
from reproduce.report.tables.comparisons import interval_text, listed

#: Profiles, the most telling first; what others come after.
_PROFILES = ("paper", "gpu", "small", "smoke")
#: The profile of digits of 8 by 8 pixels, which are no evidence about the paper.
DIGITS = "smoke"
#: Verdicts on "better" in plain words.
PLAIN: Mapping[Verdict, str] = {
    "SUPPORTED": "better",
    "CONTRADICTED": "worse",
    "EQUIVALENT": "equal within the margin",
    "UNDECIDED": "undecided",
    "NOT RUN": "not run",
}
#: Where the picture lies, from the project's folder.
PICTURE = "artifact/figures/common/answer.svg"


@cache
def kept_collections() -> tuple[Collection, ...]:
    """Read what is kept with the repository, a collection for each profile, the most telling profile first."""
    found = profiles_in(ARTIFACT / "results")
    ordered = sorted(found, key=lambda name: _PROFILES.index(name) if name in _PROFILES else len(_PROFILES))
    return tuple(read_collection(ARTIFACT / "results", name) for name in ordered)


def kept_answers() -> list[TaskAnswer]:
    """The answers of the kept rows."""
    return [each for found in kept_collections() for each in answers(found.profile, found.studies)]


def on_images(found: Iterable[TaskAnswer]) -> list[TaskAnswer]:
    """The answers on real images: all but those on the digits."""
    return [each for each in found if each.profile != DIGITS]


def answer_lines() -> str:
    """README's table of the real images, how to read it, and the picture of all tasks."""
    found = kept_answers()
    images, shown = on_images(found), answer_picture(found)
    profiles = " and ".join(f"`{name}`" for name in dict.fromkeys(each.profile for each in images))
    legend = (
        *_readings(images),
        f"A baseline is an optimizer that is not the paper's. {weight_decay_sentence()} A profile is a size of the "
        f"experiments: {profiles} has small networks and images, and up to "
        f"{max((each.steps for each in images), default=0):,} updates in a run. The picture adds the digits of profile "
        f"`{DIGITS}`, no evidence about the paper. {measured_on(found)} [RESULTS.md](artifact/RESULTS.md) has every "
        "table, [REPORT.md](artifact/REPORT.md) the report.",
    )
    lines = "".join(f"- {each}\n" for each in legend)
    return "\n".join([answer_table(images), lines, f"![{shown.title}]({PICTURE})\n"])


def weight_decay_sentence() -> str:
    """Say who chooses a weight decay in tuning, on each task of real images."""
    studies = {(found.profile, study.name): study for found in kept_collections() for study in found.studies}
    shown = on_images(kept_answers())
    choosing: dict[str, list[str]] = {}
    for title, each in zip(titles(shown), shown, strict=True):
        place = "in the main study" if each.study == "main" else f"on {title}"
        decays = studies[each.profile, each.study].protocol.optimizers.weight_decays or {}
        choosing.setdefault(place, [*decays])
    parts: list[str] = []
    for place, names in choosing.items():
        verb = "does" if len(names) < 2 else "do"
        verb = verb if parts else f"choose{'s' * (len(names) < 2)} a weight decay too"
        parts.append(f"{place} {enumerated(names or ['none'])} {verb}")
    return f"{parts[0][0].upper()}{'; '.join(parts)[1:]}." if parts else ""


def measured_on(found: Iterable[TaskAnswer]) -> str:
    """Name the devices of these answers in a sentence."""
    return f"Measured on {listed(each.device for each in found)}."


def answer_sentence(found: Sequence[TaskAnswer]) -> str:
    """Say on how many tasks the best evolved optimizer beats the best baseline, and each verdict; digits apart."""
    images = on_images(found)
    digits = [each for each in found if each.profile == DIGITS]
    parts = []
    if images:
        names = titles(images)
        outcomes = ", ".join(
            f"on {name} {PLAIN[each.difference.verdict]} (n = {each.difference.n})"
            for name, each in zip(names, images, strict=True)
        )
        profiles = " and ".join(dict.fromkeys(each.profile for each in images))
        parts.append(f"**On real images (profile {profiles}) {_beaten(images)}**: {outcomes}.")
        parts += [
            f"On {name} {missed.label} would have been a better baseline: it tests {100 * missed.difference.mean:.1f} "
            f"points above {missed.reference.optimizer}, which tuning chose by validation accuracy."
            for name, each in zip(names, images, strict=True)
            for missed in each.missed
            if missed.difference is not None
        ]
    if digits:
        counts = Counter(each.difference.verdict for each in digits)
        outcomes = ", ".join(f"{PLAIN[each]} on {counts[each]}" for each in VERDICTS if counts[each])
        parts.append(f"On digits (profile {DIGITS}), no evidence about the paper, {_beaten(digits)}: {outcomes}.")
    return " ".join(parts) or "Nothing has been run."


def titles(found: Sequence[TaskAnswer]) -> list[str]:
    """Name each answer by its data set, with the number of updates where two have the same one."""
    names = [each.data.partition(",")[0] for each in found]
    twice = {name for name, count in Counter(names).items() if count > 1}
    return [
        f"{name} after {each.steps:,} updates" if name in twice else name
        for name, each in zip(names, found, strict=True)
    ]


def reading(found: Sequence[TaskAnswer]) -> str:
    """How a table of answers is read: what is compared, the level of the intervals, and what each verdict says."""
    return " ".join(_readings(found))


def _readings(found: Sequence[TaskAnswer]) -> tuple[str, str]:
    levels = " or ".join(sorted({confidence_words(each.difference.n) for each in found}))
    return (
        "Each line is the best evolved optimizer, of the paper's fifteen, minus the best baseline, both chosen in "
        "tuning by validation accuracy. n counts seeds: runs of each optimizer with other initial weights. Differences "
        f"are in points (percent of the test images), in brackets their intervals at {levels}.",
        'Verdicts are on "better". SUPPORTED: the interval lies above 0. CONTRADICTED: it lies below 0, so the evolved '
        f"one is worse. EQUIVALENT: it holds 0 and lies within the margin of {MARGIN_WORDS}. UNDECIDED: none of these, "
        "so more seeds are needed. The reference is the baseline; its error is the share of images that it gets wrong.",
    )


def answer_table(found: Iterable[TaskAnswer]) -> str:
    """A line for each answer, as Markdown."""
    columns = {"profile": "", "data": "", "updates": ":", "n": ":", "best evolved": "", "best baseline": ""}
    return markdown(columns | {"difference, points": "", "verdict": ""}, map(_cells, found))


def answer_picture(found: Sequence[TaskAnswer]) -> Picture:
    """The forest plot of all answers."""
    lines = [ForestLine(_label(each), each.difference, each.profile) for each in found]
    counts = sorted({each.difference.n for each in found})
    n = f"n = {counts[0]} to {counts[-1]} seeds" if len(counts) > 1 else f"n = {counts[0] if counts else 0} seeds"
    title = f"Best evolved optimizer minus best tuned baseline, {number_of(len(found), 'task')}, {n}"
    return forest_picture("answer", title, forest_reading(lines), lines)


def _beaten(found: Sequence[TaskAnswer]) -> str:
    count = sum(each.difference.verdict == "SUPPORTED" for each in found)
    return (
        f"the best evolved optimizer beats the best tuned baseline on {count or 'none'} of "
        f"{number_of(len(found), 'task')}"
    )


def _cells(each: TaskAnswer) -> tuple[str, ...]:
    found = each.difference
    interval = "" if found.low is None or found.high is None else f" ({interval_text(found.low, found.high)})"
    return (
        *(
            each.profile,
            each.data,
            str(each.steps),
            str(found.n),
            each.compared.label,
            each.compared.reference.optimizer,
        ),
        *(f"{signed(100 * found.mean, 1)}{interval}", found.verdict),
    )


def _label(each: TaskAnswer) -> str:
    names = f"{each.compared.label} − {each.compared.reference.optimizer}"
    return f"{each.data}, {each.steps:,} updates, n = {each.difference.n}\n{names}"
