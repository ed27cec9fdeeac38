"""Results from a search's records: candidates with their scores, best so far, acceptance. Pure functions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from reproduce.outcomes import Trained, epochs_of, score_of
from reproduce.search.algorithm import Stage
from reproduce.search.records import AnyRecord, Rejection, Sample, StageEvaluation
from reproduce.search.trials import Contender


@dataclass(frozen=True)
class Finalist:
    """One of the best candidates of a search by its score on the evolution stage.

    Attributes:
        contender: The optimizer, named by its sample's number.
        search_score: The score that it was chosen by.
        text: What it is.
        sample: Its number.
        rate: The peak rate that its screening chose.
    """

    contender: Contender
    search_score: float
    text: str
    sample: int
    rate: float


def samples_of(records: Sequence[AnyRecord]) -> dict[int, Sample]:
    """Every sample by its number."""
    return {record.number: record for record in records if isinstance(record, Sample)}


def evaluations_of(records: Sequence[AnyRecord], stage: Stage) -> list[StageEvaluation]:
    """The evaluations on a stage, in their order."""
    return [record for record in records if isinstance(record, StageEvaluation) and record.stage == stage]


@dataclass(frozen=True)
class Best:
    """The best score and whose it is."""

    sample: int
    score: float


def best_evaluation(records: Sequence[AnyRecord]) -> Best | None:
    """The best score on the evolution stage; of equal ones the first."""
    best: Best | None = None
    for record in evaluations_of(records, "evolution"):
        score = score_of(record.outcome)
        if score is not None and (best is None or score > best.score):
            best = Best(record.sample, score)
    return best


def top(
    records: Sequence[AnyRecord],
    count: int,
    epochs: int | None = None,
    screening_epochs: Mapping[Stage, int] | None = None,
    prefix: str = "",
) -> list[Finalist]:
    """The candidates with the best scores on the evolution stage, best first; of equal ones the first.

    Args:
        records: Of one search.
        count: The most that are returned.
        epochs: Only what was scored within so many epochs after the opening; None for all.
        screening_epochs: Of each stage, to count epochs by; not needed without a budget.
        prefix: Begins their names.
    """
    samples = samples_of(records)
    within = evaluations_of(records, "evolution")
    if epochs is not None:
        within = budgeted(records, epochs, screening_epochs or {})
    scored = [(each.outcome, samples[each.sample]) for each in within if isinstance(each.outcome, Trained)]
    best = sorted(scored, key=lambda pair: (-pair[0].score, pair[1].number))[:count]
    return [
        Finalist(
            Contender(
                f"{prefix}#{sample.number}", sample.read_genome().express(ascend=sample.ascend), sample.fingerprint
            ),
            outcome.score,
            sample.text,
            sample.number,
            outcome.rate,
        )
        for outcome, sample in best
    ]


def budgeted(records: Sequence[AnyRecord], epochs: int, screening_epochs: Mapping[Stage, int]) -> list[StageEvaluation]:
    """The evaluations of the evolution stage that were over when a budget was; those of the opening cost nothing."""
    within = [record for record, spent in _with_epochs(records, screening_epochs) if spent <= epochs]
    return [record for record in within if record.stage == "evolution"]


def num_scored(records: Sequence[AnyRecord], epochs: int, screening_epochs: Mapping[Stage, int]) -> int:
    """Count the candidates that had a score on either stage when a budget was over, those of the opening included."""
    within = _with_epochs(records, screening_epochs)
    return len({record.sample for record, spent in within if spent <= epochs})


def best_so_far(records: Sequence[AnyRecord], screening_epochs: Mapping[Stage, int]) -> tuple[list[int], list[float]]:
    """Epochs spent after the opening, and the best score by then; one pair an evaluation of the evolution stage."""
    best = 0.0
    costs, scores = [], []
    for record, spent in _with_epochs(records, screening_epochs):
        if record.stage != "evolution":
            continue
        best = max(best, score_of(record.outcome) or 0.0)
        costs.append(spent)
        scores.append(best)
    return costs, scores


def _with_epochs(
    records: Sequence[AnyRecord], screening_epochs: Mapping[Stage, int]
) -> Iterator[tuple[StageEvaluation, int]]:
    """All evaluations, each with the epochs spent after the opening when it was over."""
    samples, spent = samples_of(records), 0
    for record in records:
        if isinstance(record, StageEvaluation):
            if samples[record.sample].slot.phase == "child":
                spent += epochs_of(record.outcome, screening_epochs[record.stage])
            yield record, spent


#: What became of a draw, in the order of the pictures.
FATES = ("trained", "screened out", "diverged", "integrity", "duplicate")


def acceptance(records: Sequence[AnyRecord]) -> Mapping[str, Counter[str]]:
    """Count the draws of each phase that met each of `FATES`; a sample counts by the stage it was drawn for."""
    samples = samples_of(records)
    counts: dict[str, Counter[str]] = {"initial": Counter(), "child": Counter()}
    seen: set[int] = set()
    for record in records:
        if isinstance(record, Rejection):
            counts[record.slot.phase][record.cause] += 1
        elif isinstance(record, StageEvaluation) and record.sample not in seen:
            seen.add(record.sample)
            counts[samples[record.sample].slot.phase][record.outcome.kind] += 1
    return counts


def primitive_shares(samples: Sequence[Sample]) -> dict[str, float]:
    """The share of samples whose active part has each function and each kind of operand, by the op's name."""
    counts: Counter[str] = Counter()
    for sample in samples:
        genome = sample.read_genome()
        genes = [genome.genes[number] for number in genome.active]
        operands = (wire.source for gene in genes for wire in gene.inputs if not isinstance(wire.source, int))
        counts.update({gene.function.op for gene in genes} | {operand.op for operand in operands})
    return {op: count / len(samples) for op, count in counts.items()}
