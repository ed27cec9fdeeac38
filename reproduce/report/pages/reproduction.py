"""artifact/REPORT.md, the report of the reproduction, with the numbers of the kept rows."""

from __future__ import annotations

from functools import cache

from reproduce.counts import number_of
from reproduce.report.analysis.verdicts import VERDICTS
from reproduce.report.claims.claim import CLAIMS, Checked, check, load_claims
from reproduce.report.pages import ARTIFACT, answer
from reproduce.report.pages.tables import markdown, with_tables

_SOURCES = {"question": "the question", "paper": "the paper", "ours": "ours"}


@cache
def kept_verdicts() -> tuple[Checked, ...]:
    """Every claim as the kept rows decide it."""
    return tuple(check(load_claims(CLAIMS), {found.profile: found for found in answer.kept_collections()}))


def page() -> str:
    """The page with its tables as they should be."""
    answers = answer.kept_answers()
    shown, path = answer.answer_picture(answers), answer.PICTURE.removeprefix("artifact/")
    tables = {
        "answer": f"{answer.answer_sentence(answers)}\n",
        "verdicts": f"{verdict_sentence()}\n",
        "picture": f"{answer.answer_table(answers)}\n![{shown.title}]({path})\n\n{shown.caption}\n",
        "claims": _claims(),
        "compute": compute_lines(),
    }
    return with_tables((ARTIFACT / "REPORT.md").read_text("utf-8"), tables)


def verdict_sentence() -> str:
    """How many claims have each verdict."""
    checked = kept_verdicts()
    counts = {verdict: sum(each.verdict == verdict for each in checked) for verdict in VERDICTS}
    counted = ", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count)
    return f"Of {number_of(len(checked), 'claim')}, the paper's and ours: {counted}."


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
    lines = [(_SOURCES[each.claim.source], each.claim.statement, each.verdict) for each in kept_verdicts()]
    return markdown({"of": "", "claim": "", "verdict": ""}, lines)
