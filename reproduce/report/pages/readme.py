"""README.md with what is written by program: the answer so far, what a step costs, and the verdicts."""

from __future__ import annotations

from reproduce.report.pages import ROOT, answer, comparison, reproduction
from reproduce.report.pages.beside_adam import evolved_sentences
from reproduce.report.pages.paper_claims import paper_claims_sentence
from reproduce.report.pages.replays import replay_line
from reproduce.report.pages.tables import with_tables


def page() -> str:
    """The page with its tables as they should be."""
    found = answer.kept_answers()
    verdicts = (
        f"{reproduction.verdict_lines()}- `make check-claims` prints the evidence of each claim; "
        f"[they are listed](artifact/README.md#claims).\n{replay_line()}"
    )
    sentences = (
        paper_claims_sentence(reproduction.kept_verdicts()),
        answer.answer_sentence(answer.on_images(found)),
        evolved_sentences(),
    )
    tables = {
        "answer": "\n\n".join([*sentences, answer.answer_lines()]),
        "steps": comparison.steps_sentences(),
        "status": verdicts,
    }
    return with_tables((ROOT / "README.md").read_text("utf-8"), tables)
