"""The replay: candidates of the published log scored again on our surrogate, to see how far the two agree.

`Behaviour` names how candidates are run. "published" is as the published search ran them, where that departs from what
is described (artifact/DISCREPANCIES.md): Nesterov momentum adds m - eta u, and every candidate with expMovAvg fails.
"described" is as everything else in this project runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from paper_optimizers.spec import OptimizerSpec
from reproduce.errors import ProtocolError
from reproduce.ledger import Ledger, read_records, require_same, require_schema
from reproduce.outcomes import NotTrained, Outcome, score_of
from reproduce.plain_data import from_plain, to_plain
from reproduce.population.integrity import check_integrity
from reproduce.population.integrity_settings import IntegritySettings
from reproduce.protocols import plain_settings, settings_hash
from reproduce.published.sample import LoggedRun, seed_of
from reproduce.search.protocol import held
from reproduce.search.surrogate_settings import SurrogateSettings
from reproduce.stored_form import stored_surrogate
from reproduce.tasks.scoring import Scorer
from reproduce.tasks.trainer import Candidate

Behaviour = Literal["published", "described"]

#: Raised by one whenever a row changes its meaning.
SCHEMA = 1


@dataclass(frozen=True)
class ReplayRow:
    """One candidate scored once.

    Attributes:
        schema: `SCHEMA`.
        protocol: Hash of surrogate and behaviour.
        data: Checksum of the surrogate's data.
        text: The candidate, as the log has it first.
        fingerprint: Of what the text says.
        run: From 0; another run of the same candidate has another seed.
        ascend: Whether its sign was flipped, since only so it passes the integrity check.
        outcome: What it came to.
        device: Where.
        versions: Of the packages that compute.
    """

    schema: int
    protocol: str
    data: str
    text: str
    fingerprint: str
    run: int
    ascend: bool
    outcome: Outcome | NotTrained
    device: str = field(compare=False)
    versions: Mapping[str, str] = field(compare=False)

    @property
    def score(self) -> float | None:
        """The score, or None."""
        return score_of(self.outcome)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        plain: dict[str, Any] = to_plain(self)
        return plain


def row_from_dict(document: Any) -> ReplayRow:
    """Read a row back.

    Raises:
        ValueError: Naming the field that is missing, unknown or not what it must be.
    """
    row = from_plain(ReplayRow, document)
    require_schema(row.schema, SCHEMA)
    return row


@dataclass(frozen=True)
class Conditions:
    """The conditions of a replay.

    Attributes:
        protocol: Hash of surrogate, integrity check and behaviour; see `conditions_hash`.
        integrity: Of the check that candidates must pass.
        behaviour: See `reproduce.published.replay`.
        scorer: Scores candidates on the surrogate that `behave` gave.
    """

    protocol: str
    integrity: IntegritySettings
    behaviour: Behaviour
    scorer: Scorer


def behave(settings: SurrogateSettings, behaviour: Behaviour) -> SurrogateSettings:
    """The surrogate with a behaviour switched on.

    Raises:
        ProtocolError: For "published" with a hold, in which the published search's rate is 0.
    """
    if behaviour == "described":
        return replace(settings, nesterov="released")
    for each in settings.tasks:
        held_for = each.training.hold_fraction
        if held_for:
            raise ProtocolError(
                f"task {each.name}: training.hold_fraction must be 0 for the published behaviour; received {held_for}"
            )
    return replace(settings, nesterov="search")


def conditions_hash(settings: SurrogateSettings, integrity: IntegritySettings, behaviour: Behaviour) -> str:
    """Hash everything that a row depends on beside candidate, run and data."""
    checked = held(integrity=plain_settings(integrity))
    return settings_hash({"surrogate": stored_surrogate(plain_settings(settings)), "behaviour": behaviour, **checked})


def num_open(jobs: Sequence[LoggedRun], path: Path) -> int:
    """Count the jobs that the ledger at ``path``, where there is one, has no row of.

    Raises:
        LedgerError: If it cannot be read.
    """
    rows = read_records(path, row_from_dict) if path.is_file() else []
    known = {(row.fingerprint, row.run) for row in rows}
    return sum((job.function.fingerprint, job.run) not in known for job in jobs)


def run_replay(
    jobs: Sequence[LoggedRun],
    conditions: Conditions,
    ledger: Ledger[ReplayRow],
    on_row: Callable[[ReplayRow, int], None],
) -> list[ReplayRow]:
    """Score what the ledger lacks; returns the rows of ``jobs``, in their order.

    Args:
        jobs: See `jobs_of`.
        conditions: See `Conditions`.
        ledger: Where rows are kept.
        on_row: Called with each new row and how many are left.

    Raises:
        LedgerError: If the ledger is that of another surrogate, behaviour or data.
    """
    _check_same(ledger, conditions)
    known = {(row.fingerprint, row.run): row for row in ledger.records}
    open_jobs = [job for job in jobs if (job.function.fingerprint, job.run) not in known]
    for number, row in enumerate(_rows(open_jobs, conditions), start=1):
        ledger.append(row)
        known[row.fingerprint, row.run] = row
        on_row(row, len(open_jobs) - number)
    return [known[job.function.fingerprint, job.run] for job in jobs]


def _rows(jobs: Sequence[LoggedRun], conditions: Conditions) -> Iterator[ReplayRow]:
    nesterov: Literal["search", "released"] = "search" if conditions.behaviour == "published" else "released"
    checked = check_integrity([job.function.spec for job in jobs], conditions.integrity, nesterov=nesterov)
    trained: list[tuple[LoggedRun, bool]] = []
    for job, passed, flip in zip(jobs, checked.passed, checked.flip, strict=True):
        if conditions.behaviour == "published" and _has_moving_average(job.function.spec):
            yield _row(job, False, NotTrained("expMovAvg"), conditions)
        elif not passed:
            yield _row(job, False, NotTrained("integrity"), conditions)
        else:
            trained.append((job, bool(flip)))
    candidates = [
        Candidate(replace(job.function.spec, ascend=ascend), seed_of(job.function.fingerprint, job.run))
        for job, ascend in trained
    ]
    for index, outcome in conditions.scorer.score(candidates):
        job, ascend = trained[index]
        yield _row(job, ascend, outcome, conditions)


def _row(job: LoggedRun, ascend: bool, outcome: Outcome | NotTrained, conditions: Conditions) -> ReplayRow:
    function, scorer = job.function, conditions.scorer
    return ReplayRow(
        schema=SCHEMA,
        protocol=conditions.protocol,
        data=scorer.data,
        text=function.text,
        fingerprint=function.fingerprint,
        run=job.run,
        ascend=ascend,
        outcome=outcome,
        device=scorer.device(),
        versions=scorer.versions(),
    )


def _has_moving_average(spec: OptimizerSpec) -> bool:
    return any(node.op == "exp_moving_average" for node in spec.update.active())


def _check_same(ledger: Ledger[ReplayRow], conditions: Conditions) -> None:
    now = {"protocol": conditions.protocol, "data": conditions.scorer.data}
    for line, row in enumerate(ledger.records, start=1):
        require_same(row, now, ledger.path, line)
