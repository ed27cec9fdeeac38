"""artifact/COMPUTE.md, written from the rows kept with the repository: `python -m tests.report.artifact_compute`."""

from pathlib import Path

from reproduce.report.collection import profiles_in, read_collection
from reproduce.report.forms import to_markdown
from reproduce.report.tables.compute import compute_table
from reproduce.search.outcomes import epochs_of
from reproduce.search.records import Evaluation

ARTIFACT = Path(__file__).resolve().parents[2] / "artifact"
PAGE = ARTIFACT / "COMPUTE.md"
_START = """# Compute

What the rows under `results/` cost: every run on record counts, those that failed too. This page is written from them
by `python -m tests.report.artifact_compute`. What was tried and thrown away before, trials of sizes and of code, was
not recorded.
"""


def page() -> str:
    """The whole page."""
    return "\n".join([_START, *(_profile(name) for name in profiles_in(ARTIFACT / "results"))])


def _profile(name: str) -> str:
    found = read_collection(ARTIFACT / "results", name)
    lines = [f"## Profile {name}\n", to_markdown(compute_table(name, found.rows))]
    if found.search is not None:
        done = [record for record in found.search.records if isinstance(record, Evaluation)]
        screening = {
            "initial": found.search.protocol.initial.scoring.screening_epochs,
            "evolution": found.search.protocol.evolution.scoring.screening_epochs,
        }
        epochs = sum(epochs_of(record.outcome, screening[record.stage]) for record in done)
        again = len(found.search.trials)
        lines.append(
            f"The search: {len(done)} candidates scored, rejected ones included, in {epochs} epochs of training; "
            f"{again} runs to score its best and the baselines again.\n"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
