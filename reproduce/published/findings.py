"""Findings of the published log about its own search: acceptance, cost, duplicates, regressions, noise.

Pure functions of its rows. Two candidates are the same when their fingerprints are, however they are written.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import mean, median, stdev

from reproduce.counts import expected_maximum
from reproduce.population.integrity import check_integrity
from reproduce.published.agreement import pooled_noise
from reproduce.published.log import PHASES, LoggedEvaluation

#: What the log's `expMovAvg` divides by in the first step is 0.
_NEVER_WORKS = "expMovAvg("


@dataclass(frozen=True)
class PhaseFinding:
    """One phase of the search.

    Attributes:
        phase: See `reproduce.published.log`.
        rows: Candidates in the log.
        scored: Those with a score.
        acceptance: Their share; of little meaning where the log leaves out what was rejected.
        minutes: What the scored ones took together; the log does not say what the others took.
        mean_seconds: What a scored one took; None without any.
        median_seconds: The same.
        best: The best score.
    """

    phase: str
    rows: int
    scored: int
    acceptance: float
    minutes: float
    mean_seconds: float | None
    median_seconds: float | None
    best: float | None


@dataclass(frozen=True)
class DuplicateFinding:
    """How often one stage scored what it had scored before.

    Attributes:
        stage: "initial" or "evolution".
        scored: Candidates with a score.
        texts: Different ones, by their text.
        functions: Different ones, by what they compute.
        repeated: ``scored - functions``: scores that told nothing new.
        repeated_share: Of all scored.
        shared: Candidates that compute what another one does, the first of them included.
        shared_share: Of all scored.
    """

    stage: str
    scored: int
    texts: int
    functions: int
    repeated: int
    repeated_share: float
    shared: int
    shared_share: float


@dataclass(frozen=True)
class CauseFinding:
    """Candidates of one kind, and how many of them were rejected: what can be told about why.

    Attributes:
        kind: What they have in common.
        rows: How many there are.
        rejected: How many of them have no score.
    """

    kind: str
    rows: int
    rejected: int


@dataclass(frozen=True)
class StepFinding:
    """One particle's step: the best child takes its place.

    Attributes:
        line: Of that child.
        particle: The particle.
        depth: The step.
        parent_score: The score of what it replaced.
        child_score: Its own.
        children: Children with a score.
    """

    line: int
    particle: int
    depth: int
    parent_score: float
    child_score: float
    children: int

    @property
    def worse(self) -> bool:
        """Whether the particle got worse."""
        return self.child_score < self.parent_score


@dataclass(frozen=True)
class RepeatFinding:
    """A function that the evolution stage scored more than once.

    Attributes:
        text: The shortest of its texts.
        fingerprint: Of the function.
        scores: Its scores, in the log's order.
        mean: Of them.
        sd: Standard deviation of one score.
    """

    text: str
    fingerprint: str
    scores: tuple[float, ...]
    mean: float
    sd: float


@dataclass(frozen=True)
class NoiseFinding:
    """The findings about chance that repeats give.

    Attributes:
        repeats: Functions scored more than once, the most often scored first.
        pooled_sd: Standard deviation of one score around its function's mean, over all repeats.
        degrees_of_freedom: Of that estimate.
        scored: All scores of the stage.
        expected_best: The best that so many reruns of the first of ``repeats`` are expected to reach, with its mean and
            the pooled deviation, were scores normal.
        beyond: The rows that reached more.
    """

    repeats: tuple[RepeatFinding, ...]
    pooled_sd: float
    degrees_of_freedom: int
    scored: int
    expected_best: float
    beyond: tuple[LoggedEvaluation, ...]


@dataclass(frozen=True)
class LogFindings:
    """Everything that is said about a log.

    Attributes:
        rows: How many evaluations it has.
        phases: Acceptance and cost.
        duplicates: Of each stage.
        causes: Of rejections.
        steps: Of the particles.
        noise: From repeats; None where there are too few.
    """

    rows: int
    phases: tuple[PhaseFinding, ...]
    duplicates: tuple[DuplicateFinding, ...]
    causes: tuple[CauseFinding, ...]
    steps: tuple[StepFinding, ...]
    noise: NoiseFinding | None


def findings_of(rows: Sequence[LoggedEvaluation], fingerprints: Sequence[str]) -> LogFindings:
    """All findings about a log.

    Args:
        rows: The log.
        fingerprints: One for each row; see `reproduce.published.log.fingerprints_of`.
    """
    return LogFindings(
        rows=len(rows),
        phases=tuple(phase_findings(rows)),
        duplicates=tuple(duplicate_findings(rows, fingerprints)),
        causes=tuple(cause_findings(rows)),
        steps=tuple(step_findings(rows)),
        noise=noise_finding(rows, fingerprints),
    )


def phase_findings(rows: Sequence[LoggedEvaluation]) -> list[PhaseFinding]:
    """Acceptance and cost of each phase that occurs."""
    return [_phase(phase, [row for row in rows if row.phase == phase]) for phase in PHASES if _has(rows, phase)]


def duplicate_findings(rows: Sequence[LoggedEvaluation], fingerprints: Sequence[str]) -> list[DuplicateFinding]:
    """Repetition on each stage.

    Args:
        rows: The log.
        fingerprints: One for each row.
    """
    findings = []
    for stage in ("initial", "evolution"):
        scored = [
            (row.text, fingerprint)
            for row, fingerprint in zip(rows, fingerprints, strict=True)
            if row.stage == stage and row.score is not None
        ]
        if scored:
            findings.append(_duplicates(stage, scored))
    return findings


def cause_findings(rows: Sequence[LoggedEvaluation]) -> list[CauseFinding]:
    """Rejections by what can be seen of their cause: each candidate counts for the first kind that it is of."""
    passes = check_integrity([row.spec for row in rows], nesterov="search").passed
    kinds: dict[str, list[bool]] = {
        "contains expMovAvg, which divided by 0": [],
        "does not pass the integrity check, by either sign": [],
        "everything else": [],
    }
    names = list(kinds)
    for row, passed in zip(rows, passes, strict=True):
        kind = names[0] if _NEVER_WORKS in row.text else names[1] if not passed else names[2]
        kinds[kind].append(row.score is None)
    return [CauseFinding(kind, len(rejected), sum(rejected)) for kind, rejected in kinds.items()]


def step_findings(rows: Sequence[LoggedEvaluation]) -> list[StepFinding]:
    """The steps of every particle whose parent's score is in the log.

    A row of the phase "particle" begins a particle anew. In a log with gaps the best child may be missing, so that a
    step shows a worse one.
    """
    steps = []
    for run in _runs(rows):
        parent = run[0].score if run[0].phase == "particle" else None
        for depth in sorted({row.depth for row in run if row.depth}):
            children = [row for row in run if row.depth == depth and row.score is not None]
            if not children:
                continue
            best = max(children, key=lambda row: row.score or 0.0)
            if parent is not None and best.score is not None:
                steps.append(StepFinding(best.line, best.particle or 0, depth, parent, best.score, len(children)))
            parent = best.score
    return steps


def noise_finding(rows: Sequence[LoggedEvaluation], fingerprints: Sequence[str]) -> NoiseFinding | None:
    """Sum up the evolution stage's repeats; None where it scored nothing three times.

    Args:
        rows: The log.
        fingerprints: One for each row.
    """
    groups: dict[str, list[LoggedEvaluation]] = defaultdict(list)
    for row, fingerprint in zip(rows, fingerprints, strict=True):
        if row.stage == "evolution" and row.score is not None:
            groups[fingerprint].append(row)
    repeats = sorted(
        (_repeat(fingerprint, group) for fingerprint, group in groups.items() if len(group) > 1),
        key=lambda repeat: (-len(repeat.scores), repeat.text),
    )
    if not repeats or len(repeats[0].scores) < 3:
        return None
    noise = pooled_noise({repeat.fingerprint: repeat.scores for repeat in repeats})
    scored = [row for group in groups.values() for row in group]
    expected = repeats[0].mean + noise.sd * expected_maximum(len(scored))
    beyond = sorted((row for row in scored if (row.score or 0.0) > expected), key=lambda row: -(row.score or 0.0))
    return NoiseFinding(tuple(repeats), noise.sd, noise.degrees_of_freedom, len(scored), expected, tuple(beyond))


def _has(rows: Iterable[LoggedEvaluation], phase: str) -> bool:
    return any(row.phase == phase for row in rows)


def _phase(phase: str, rows: Sequence[LoggedEvaluation]) -> PhaseFinding:
    seconds = [row.seconds for row in rows if row.seconds is not None]
    return PhaseFinding(
        phase=phase,
        rows=len(rows),
        scored=len(seconds),
        acceptance=len(seconds) / len(rows),
        minutes=math.fsum(seconds) / 60,
        mean_seconds=mean(seconds) if seconds else None,
        median_seconds=median(seconds) if seconds else None,
        best=max((row.score for row in rows if row.score is not None), default=None),
    )


def _duplicates(stage: str, scored: Sequence[tuple[str, str]]) -> DuplicateFinding:
    counts: dict[str, int] = defaultdict(int)
    for _, fingerprint in scored:
        counts[fingerprint] += 1
    repeated = len(scored) - len(counts)
    shared = sum(count for count in counts.values() if count > 1)
    return DuplicateFinding(
        stage=stage,
        scored=len(scored),
        texts=len({text for text, _ in scored}),
        functions=len(counts),
        repeated=repeated,
        repeated_share=repeated / len(scored),
        shared=shared,
        shared_share=shared / len(scored),
    )


def _runs(rows: Sequence[LoggedEvaluation]) -> list[list[LoggedEvaluation]]:
    """The rows of each particle from its start, or from where the log first has it."""
    runs: list[list[LoggedEvaluation]] = []
    for row in rows:
        if row.phase == "init":
            continue
        if row.phase == "particle" or not runs or runs[-1][0].particle != row.particle:
            runs.append([])
        runs[-1].append(row)
    return runs


def _repeat(fingerprint: str, group: Sequence[LoggedEvaluation]) -> RepeatFinding:
    scores = tuple(row.score for row in group if row.score is not None)
    text = min((row.text for row in group), key=lambda text: (len(text), text))
    return RepeatFinding(text, fingerprint, scores, mean(scores), stdev(scores))
