"""The parts of artifact/README.md that are written by program: `python -m tests.report.artifact_readme` does it."""

import re
from pathlib import Path

from reproduce.report.claims.claim import CLAIMS, load_claims
from reproduce.report.tables.paper import PARTS

README = Path(__file__).resolve().parents[2] / "artifact" / "README.md"


def claims_table() -> str:
    """Every claim with what it takes to check it."""
    sources = {"paper": "the paper", "ours": "ours"}
    lines = [
        "| claim | of | statement | what makes the rows | minutes, estimated | GPU hours, estimated "
        "| disk in GB, estimated | expected |",
        "|---|---|---|---|---:|---:|---:|---|",
    ]
    for claim, _ in load_claims(CLAIMS):
        cost = f"{claim.minutes:g} | {claim.gpu_hours:g} | {claim.disk_gb:g}"
        start = f"| {claim.name} | {sources[claim.source]} | {claim.statement} | `{claim.command}`"
        lines.append(f"{start} | {cost} | {claim.expected} |")
    return "\n".join(lines) + "\n"


def map_table() -> str:
    """What the paper shows, and ours."""
    lines = ["| the paper | here | how, or why not |", "|---|---|---|"]
    lines += [f"| {part.paper} | {part.ours} | {part.how} |" for part in PARTS]
    return "\n".join(lines) + "\n"


def with_tables(text: str) -> str:
    """The text with its tables as they should be."""
    for name, table in (("claims", claims_table()), ("map", map_table())):
        place = re.compile(rf"(<!-- {name}:[^>]*-->\n).*?(<!-- end of {name} -->)", re.DOTALL)
        text = place.sub(lambda match, table=table: f"{match[1]}\n{table}\n{match[2]}", text)
    return text


if __name__ == "__main__":
    README.write_text(with_tables(README.read_text("utf-8")), "utf-8")
