"""Claims and whether stored rows bear them out: each has a verdict, with the numbers that say so."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from reproduce.counts import number_of
from reproduce.errors import ProtocolError
from reproduce.plain_data import read_settings, require
from reproduce.report.analysis.verdicts import VERDICTS, Verdict
from reproduce.report.claims.findings import Finding
from reproduce.report.claims.predicates import PREDICATES, Predicate
from reproduce.report.collection import Collection
from reproduce.report.table import NONE, Column, Table, missing, number, words

_PACKAGE = Path(__file__).resolve().parents[2]
_PLACES = (_PACKAGE.parent / "artifact" / "claims.toml", _PACKAGE / "claims.toml")
#: The claims of the paper's abstract and of this project: in a checkout, or an installed package's copy.
CLAIMS = next((path for path in _PLACES if path.is_file()), _PLACES[0])


@dataclass(frozen=True)
class Claim:
    """One claim and what decides it.

    Attributes:
        name: A short name.
        source: "question" for whether the paper's optimizers are better than the best of the others, "paper" for what
            its abstract says, "ours" for what this project says.
        statement: The claim, in our words.
        predicate: The name of what decides it, in `reproduce.report.claims.predicates`.
        profiles: The profiles whose rows can decide it, the most telling first; the first that has rows does.
        command: What makes those rows.
        minutes: How long that takes, on the machine that the profile is meant for.
        gpu_hours: Hours of a GPU in that; 0 where none is used.
        disk_gb: Disk that data and results take, without the environment.
        expected: The verdict of the rows kept with the repository.
    """

    name: str
    source: Literal["question", "paper", "ours"]
    statement: str
    predicate: str
    profiles: tuple[str, ...]
    command: str
    minutes: float
    gpu_hours: float
    disk_gb: float
    expected: Verdict

    def __post_init__(self) -> None:
        require(self.predicate in PREDICATES, "predicate", self.predicate, f"one of {', '.join(PREDICATES)}")
        require(len(self.profiles) > 0, "profiles", [], "at least one profile")
        for field in ("minutes", "gpu_hours", "disk_gb"):
            require(getattr(self, field) >= 0, field, getattr(self, field), "0 or more")


@dataclass(frozen=True)
class Checked:
    """A claim and what became of it.

    Attributes:
        claim: The claim.
        profile: The profile whose rows decided it; None where nothing was run, and where a benchmark did.
        verdict: The verdict.
        evidence: The numbers behind that.
    """

    claim: Claim
    profile: str | None
    verdict: Verdict
    evidence: str

    @property
    def is_unexpected(self) -> bool:
        """Whether rows say otherwise than the claim's file expects."""
        return "NOT RUN" not in (self.verdict, self.claim.expected) and self.verdict != self.claim.expected


def load_claims(path: Path) -> list[tuple[Claim, Predicate]]:
    """The claims of a TOML file, each with its predicate and that one's arguments.

    Raises:
        ProtocolError: If the file cannot be read; naming the key of whatever does not fit.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ProtocolError(f"cannot read the claims {path}: {error}") from None
    tables = document.get("claims")
    if set(document) != {"claims"} or not isinstance(tables, list):
        raise ProtocolError(f"{path}: expected a list [[claims]] and nothing else; received {', '.join(document)}")
    claims = [_read(table, f"{path}: claims[{position}]") for position, table in enumerate(tables)]
    names = [claim.name for claim, _ in claims]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ProtocolError(f"{path}: two claims have the name {twice[0]!r}")
    return claims


def check(claims: Sequence[tuple[Claim, Predicate]], collections: Mapping[str, Collection]) -> list[Checked]:
    """Each claim against the rows of the first of its profiles that has what it takes.

    Args:
        claims: See `load_claims`.
        collections: What was measured, by profile.
    """
    return [_check(claim, predicate, collections) for claim, predicate in claims]


def counted_by_source(checked: Sequence[Checked]) -> list[str]:
    """Count the verdicts in a sentence for each source of claims: the paper, the question, this project."""
    subjects = {
        "paper": ("test", "Of {} of the abstract's claims (in our words, at up to three sizes)"),
        "question": ("claim", "Of {} on our question (is one better than the best tuned baseline?)"),
        "ours": ("claim", "Of {} about this project"),
    }
    sentences = []
    for source, (noun, subject) in subjects.items():
        verdicts = [each.verdict for each in checked if each.claim.source == source]
        counted = ", ".join(f"{verdicts.count(each)} {each}" for each in VERDICTS if each in verdicts)
        if verdicts:
            sentences.append(f"{subject.format(number_of(len(verdicts), noun))}: {counted}.")
    return sentences


def claims_table(checked: Sequence[Checked]) -> Table:
    """Claims and what became of them."""
    return Table.of(
        name="claims",
        title="The verdict on each claim",
        caption=(
            f"{' '.join(counted_by_source(checked))} Decided by stored rows alone. "
            "CONTRADICTED: they say the opposite; EQUIVALENT: what is compared differs by less than the margin; "
            "UNDECIDED: they cannot tell, and so many seeds could; NOT RUN: some that could are missing. Each verdict "
            "is that of the tables (artifact/ANALYSIS.md). A benchmark is of no profile."
        ),
        columns=(
            Column("Claim", "claim", lambda each: words(each.claim.name)),
            Column("Verdict", "verdict", lambda each: words(each.verdict)),
            Column("Statement", "statement", lambda each: words(each.claim.statement)),
            Column("Evidence", "evidence", lambda each: words(each.evidence)),
            Column("Profile", "profile", lambda each: words(each.profile) if each.profile else missing(NONE)),
            Column("", "expected", lambda each: words(each.claim.expected)),
        ),
        sections=by_source(checked),
        section_name="source",
    )


def claim_costs_table(checked: Sequence[Checked]) -> Table:
    """Tabulate what it takes to make the rows that decide each claim."""
    return Table.of(
        name="claim_costs",
        title="What it takes to check the claims",
        caption=(
            f"{number_of(len(checked), 'claim')}: the command that makes the rows, and what it takes on the machine "
            "that its profile is meant for; disk in GB, without the environment. Checking them against rows takes "
            "seconds. Expected: what the rows kept with the repository say."
        ),
        columns=(
            Column("Claim", "claim", lambda each: words(each.claim.name)),
            Column("Command", "command", lambda each: words(each.claim.command)),
            Column("Minutes", "minutes", lambda each: number(each.claim.minutes, 0), numeric=True),
            Column("GPU hours", "gpu_hours", lambda each: number(each.claim.gpu_hours, 1), numeric=True),
            Column("Disk", "disk_gb", lambda each: number(each.claim.disk_gb, 1), numeric=True),
            Column("Expected", "expected", lambda each: words(each.claim.expected)),
        ),
        sections=by_source(checked),
        section_name="source",
    )


def by_source(checked: Sequence[Checked]) -> dict[str, list[Checked]]:
    """Group checked claims by whose they are, each group under its title."""
    sources = {
        "question": "Are the paper's optimizers better than the best of the others?",
        "paper": "The paper's abstract, in our words",
        "ours": "This project",
    }
    return {title: [each for each in checked if each.claim.source == source] for source, title in sources.items()}


def _read(table: Any, origin: str) -> tuple[Claim, Predicate]:
    if not isinstance(table, dict):
        raise ProtocolError(f"{origin} must be a table [[claims]]; received {table!r}")
    settings = {key: value for key, value in table.items() if key != "arguments"}
    claim = read_settings(Claim, settings, origin)
    arguments = table.get("arguments", {})
    if not isinstance(arguments, dict):
        raise ProtocolError(f"{origin}: arguments must be a table; received {arguments!r}")
    return claim, read_settings(PREDICATES[claim.predicate], arguments, origin, "arguments")


def _check(claim: Claim, predicate: Predicate, collections: Mapping[str, Collection]) -> Checked:
    finding = Finding("NOT RUN", f"no rows of the profile {' or '.join(claim.profiles)}")
    for profile in claim.profiles:
        if profile in collections:
            finding = predicate.check(collections[profile])
            if finding.verdict != "NOT RUN":
                of_profile = profile if finding.is_of_profile else None
                return Checked(claim, of_profile, finding.verdict, finding.evidence)
    return Checked(claim, None, finding.verdict, finding.evidence)
