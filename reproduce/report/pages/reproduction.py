"""artifact/REPORT.md, the report of the reproduction, with the numbers of the kept rows."""

from __future__ import annotations

from functools import cache

from reproduce.counts import enumerated
from reproduce.report.analysis.studies import origin_of
from reproduce.report.claims.claim import CLAIMS, Checked, check, counted_by_source, load_claims
from reproduce.report.pages import ARTIFACT, answer
from reproduce.report.pages.beside_adam import adam_sentences
from reproduce.report.pages.compute import compute_line
from reproduce.report.pages.decays import decays_sentence
from reproduce.report.pages.replays import replay_paragraph
from reproduce.report.pages.tables import markdown, with_tables
from reproduce.study.looks import FIRST_LOOK

#: Of whom a claim is, by its source.
SOURCES = {"question": "the question", "paper": "the paper", "ours": "ours"}


@cache
def kept_verdicts() -> tuple[Checked, ...]:
    """Every claim as the kept rows decide it."""
    return tuple(check(load_claims(CLAIMS), {found.profile: found for found in answer.kept_collections()}))


def page() -> str:
    """The page with its tables as they should be."""
    answers = answer.kept_answers()
    shown, path = answer.answer_picture(answers), answer.PICTURE.removeprefix("artifact/")
    tables = {
        "answer": f"{answer.answer_sentence(answers)}\n\n{adam_sentences()}\n",
        "verdicts": verdict_lines(),
        "tuning": tuning_sentence(),
        "decays": decays_sentence(),
        "picture": f"{answer.reading(answers)}\n\n{answer.answer_table(answers)}\n"
        f"![{shown.title}]({path})\n\n{shown.caption}\n",
        "claims": _claims(),
        "replay": replay_paragraph(),
        "seeds": seeds_line(),
        "compute": compute_lines(),
    }
    return with_tables((ARTIFACT / "REPORT.md").read_text("utf-8"), tables)


def verdict_lines() -> str:
    """How many claims of each source have each verdict, a line each."""
    return "".join(f"- {sentence}\n" for sentence in counted_by_source(kept_verdicts()))


def tuning_sentence() -> str:
    """How many tuning runs an optimizer had in the first profile's main study, and who chose a weight decay too."""
    found = answer.kept_collections()[0]
    study = next(study for study in found.studies if study.name == "main")
    task, decays = study.tasks_run[0], study.protocol.optimizers.weight_decays or {}
    runs: dict[str, list[int]] = {"paper": [], "baseline": [], "decayed": [], "found": []}
    for each in study.of_task(task):
        runs["decayed" if each.optimizer in decays else origin_of(each.entrant)].append(len(each.tuning))
    ranges = {name: f"{min(counts)} to {max(counts)}" for name, counts in runs.items() if counts}
    return (
        f"{answer.weight_decay_sentence()} In the study `main` of profile `{found.profile}` ({task}) that takes "
        f"{ranges['decayed']} tuning runs each. Other baselines take {ranges['baseline']}, the paper's optimizers "
        f"{ranges['paper']}.\n"
    )


def seeds_line() -> str:
    """Say in a line for a list how many seeds differences of a point need, and which studies have fewer so far."""
    images = [found for found in answer.kept_collections() if found.profile != answer.DIGITS]
    planned = {study.name: len(study.protocol.seeds.final) for found in images for study in found.studies}
    fewer = [f"`{name}` ({seeds})" for name, seeds in planned.items() if seeds < FIRST_LOOK]
    which = f": {enumerated(fewer)}" if fewer else ""
    return (
        f"- Differences of one point need {FIRST_LOOK} seeds and more. Of our {len(planned)} studies on real images "
        f"{len(fewer) or 'none'} {'has' if len(fewer) == 1 else 'have'} fewer so far{which}.\n"
    )


def compute_lines() -> str:
    """A line for each profile: its runs and searches, their hours, and what they were measured on."""
    return "".join(compute_line(found) for found in answer.kept_collections())


def _claims() -> str:
    lines = [
        (f"`{each.claim.name}`", SOURCES[each.claim.source], each.claim.statement, each.verdict)
        for each in kept_verdicts()
    ]
    return markdown({"name": "", "of": "", "claim": "", "verdict": ""}, lines)
