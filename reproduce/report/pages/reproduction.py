"""artifact/REPORT.md, the report of the reproduction, with the numbers of the kept rows."""

from __future__ import annotations

from functools import cache

from reproduce.counts import number_of
from reproduce.report.analysis.studies import origin_of
from reproduce.report.claims.claim import CLAIMS, Checked, check, counted_by_source, load_claims
from reproduce.report.pages import ARTIFACT, answer
from reproduce.report.pages.beside_adam import adam_sentences
from reproduce.report.pages.decays import decays_sentence
from reproduce.report.pages.replays import replay_paragraph
from reproduce.report.pages.tables import markdown, with_tables

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


def compute_lines() -> str:
    """A line for each profile: its runs, their hours, and what they were measured on."""
    lines = []
    for found in answer.kept_collections():
        rows = [row for study in found.studies for row in study.rows]
        studies = number_of(len(found.studies), "study", "studies")
        devices = "; ".join(sorted({row.device for row in rows}))
        hours = sum(row.seconds for row in rows) / 3600
        lines.append(
            f"- Profile `{found.profile}`: {len(rows):,} runs in {studies}, {hours:.1f} hours, on {devices}.\n"
        )
    return "".join(lines)


def _claims() -> str:
    lines = [
        (f"`{each.claim.name}`", SOURCES[each.claim.source], each.claim.statement, each.verdict)
        for each in kept_verdicts()
    ]
    return markdown({"name": "", "of": "", "claim": "", "verdict": ""}, lines)
