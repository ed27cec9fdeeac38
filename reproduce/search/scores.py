"""Candidates and scores as plain data for JSON: what crosses between machines, and nothing else does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from paper_optimizers.spec import OptimizerSpec
from reproduce.population.assembly import Member
from reproduce.population.scoring import FailedRun, Rejected, Score, Scored
from reproduce.population.waves import Training
from reproduce.search.executors import Candidate

_CURVES = ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy")
_RUN = ("total_steps", "warmup_steps", "hold_steps", "nesterov")


def candidate_to_dict(candidate: Candidate) -> dict[str, Any]:
    """Spec and seed."""
    return {"spec": candidate.spec.to_dict(), "seed": candidate.seed}


def candidate_from_dict(document: dict[str, Any]) -> Candidate:
    """A candidate from `candidate_to_dict`'s form.

    Raises:
        SpecError: If its spec is none.
    """
    return Candidate(OptimizerSpec.from_dict(document["spec"]), document["seed"])


def score_to_dict(score: Score) -> dict[str, Any]:
    """Everything of a score but the candidate it is of."""
    document: dict[str, Any] = {"kind": _NAMES[type(score)], "screening": list(map(list, score.screening.items()))}
    if isinstance(score, Rejected):
        return document | {"stage": score.stage}
    if isinstance(score, FailedRun):
        return document | {"step": score.step, "rate": score.rate}
    training = score.training
    return document | {
        "score": score.score,
        "rate": score.rate,
        "run": {name: getattr(training.member, name) for name in _RUN},
        "curves": {name: list(getattr(training, name)) for name in _CURVES},
        "failed_at": training.failed_at,
        "cut": training.cut,
    }


def score_from_dict(document: dict[str, Any], candidate: Candidate) -> Score:
    """The score of ``candidate`` from `score_to_dict`'s form."""
    kind, screening = document["kind"], _screening(document["screening"])
    if kind == _NAMES[Rejected]:
        return Rejected(document["stage"], screening)
    if kind == _NAMES[FailedRun]:
        return FailedRun(document["step"], document["rate"], screening)
    member = Member(candidate.spec, document["rate"], seed=candidate.seed, **document["run"])
    training = Training(member, **document["curves"], failed_at=document["failed_at"], cut=document["cut"])
    return Scored(document["score"], document["rate"], screening, training)


def _screening(pairs: Sequence[Sequence[float]]) -> dict[float, float]:
    return {float(rate): float(accuracy) for rate, accuracy in pairs}


_NAMES = {Scored: "scored", Rejected: "rejected", FailedRun: "failed"}
