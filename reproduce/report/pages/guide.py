"""artifact/README.md, the guide for reviewers: every claim with what it takes to check it, and the paper's tables."""

from __future__ import annotations

from reproduce.report.pages import ARTIFACT, reproduction
from reproduce.report.pages.replays import replay_paragraph
from reproduce.report.pages.tables import markdown, with_tables
from reproduce.report.tables.paper import PARTS


def artifact_readme() -> str:
    """artifact/README.md with its tables as they should be."""
    tables = {
        "verdicts": reproduction.verdict_lines(),
        "claims": claims_table(),
        "map": map_table(),
        "replay": replay_paragraph(),
    }
    return with_tables((ARTIFACT / "README.md").read_text("utf-8"), tables)


def claims_table() -> str:
    """Every claim with what it takes to check it, and its verdict by the kept rows."""
    costs = dict.fromkeys(("minutes, estimated", "GPU hours, estimated", "disk in GB, estimated"), ":")
    columns = dict.fromkeys(("claim", "of", "statement", "what makes the rows"), "") | costs | {"verdict": ""}
    lines = (
        (
            *(each.claim.name, reproduction.SOURCES[each.claim.source], each.claim.statement),
            *(f"`{each.claim.command}`", f"{each.claim.minutes:g}", f"{each.claim.gpu_hours:g}"),
            *(f"{each.claim.disk_gb:g}", each.verdict),
        )
        for each in reproduction.kept_verdicts()
    )
    return markdown(columns, lines)


def map_table() -> str:
    """Tabulate what the paper shows, and ours."""
    return markdown({"the paper": "", "here": "", "how, or why not": ""}, PARTS)
