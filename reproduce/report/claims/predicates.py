"""What decides claims: named predicates, each a frozen set of arguments and a pure function of what was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from reproduce.counts import number_of
from reproduce.machine import is_cpu_name
from reproduce.plain_data import require
from reproduce.report.claims.findings import Compared, Finding, Status, compare, enough, not_run
from reproduce.report.claims.search import BestScoresShrink, FindsBeat, NothingScoredTwice
from reproduce.report.collection import Collection
from reproduce.report.results import StudyResults, number_of_runs
from reproduce.report.tables.ablations import crossings, decay_pairs
from reproduce.report.tables.comparisons import listed

#: Of a measurement of speed, for it to say anything.
_LEAST_ROUNDS = 3


class Predicate(Protocol):
    """What decides a claim."""

    def check(self, found: Collection) -> Finding:
        """Decide it by the results of one profile."""


@dataclass(frozen=True)
class OfStudy:
    """A predicate on one study.

    Attributes:
        study: The study's name.
    """

    study: str

    def check(self, found: Collection) -> Finding:
        """Decide the claim by the study's results; open where it was not run."""
        study = found.study(self.study)
        return not_run(f"study {self.study}") if study is None else self._decide(study)

    def _decide(self, study: StudyResults) -> Finding:
        raise NotImplementedError


@dataclass(frozen=True)
class BeatReference(OfStudy):
    """Enough optimizers are better than a reference on one task.

    Better means the verdict of the tables: a 95 % interval of the difference on common seeds that leaves 0 out, and a
    difference that so many runs detect.

    Attributes:
        task: The task's name; empty for every task of the study, on each of which enough must be better.
        optimizers: Who may be counted.
        references: Each of whom must be beaten.
        at_least: How many must be better.
    """

    task: str
    optimizers: tuple[str, ...]
    references: tuple[str, ...]
    at_least: int

    def __post_init__(self) -> None:
        _require_count(self.at_least, self.optimizers)

    def _decide(self, study: StudyResults) -> Finding:
        pairs = {name: (name, self.references) for name in self.optimizers}
        what = f"better than {' and '.join(self.references)}"
        return _enough(study, study.tasks if not self.task else (self.task,), pairs, self.at_least, what)


@dataclass(frozen=True)
class SchedulesHelp(OfStudy):
    """Enough evolved schedules are better for an optimizer than none.

    Attributes:
        optimizer: The optimizer, without schedule.
        at_least: How many schedules must be better, on every task of the study.
    """

    optimizer: str
    at_least: int

    def _decide(self, study: StudyResults) -> Finding:
        names = crossings(study.entrants).get(self.optimizer, {})
        plain = names.get(None)
        if plain is None or len(names) < 2:
            return not_run(f"{self.optimizer} with and without schedules in the study {self.study}")
        pairs = {schedule: (name, (plain,)) for schedule, name in names.items() if schedule is not None}
        what = f"{self.optimizer} better with a schedule than without"
        return _enough(study, study.tasks, pairs, self.at_least, what)


@dataclass(frozen=True)
class DecaysHelp(OfStudy):
    """Enough optimizers are better with their decay functions than without.

    Attributes:
        at_least: How many must be better, on every task.
    """

    at_least: int

    def _decide(self, study: StudyResults) -> Finding:
        pairs = {kept: (kept, (without,)) for kept, without in decay_pairs(study.entrants)}
        if not pairs:
            return not_run(f"optimizers with and without decays in the study {self.study}")
        return _enough(study, study.tasks, pairs, self.at_least, "better with decays than without")


@dataclass(frozen=True)
class RatesInside(OfStudy):
    """Tuning found its best rate inside the grid, not at an edge that could not be moved.

    Attributes:
        at_most: How many chosen rates may be at an edge.
    """

    at_most: int

    def _decide(self, study: StudyResults) -> Finding:
        results = list(study.results.values())
        edges = [f"{result.optimizer} on {result.task}" for result in results if result.choice.at_edge]
        open_ = sum(result.choice.rate is None for result in results)
        named = f": {', '.join(edges)}" if edges else ""
        seeds = number_of(len(study.protocol.seeds.tune), "seed")
        evidence = f"{len(edges)} of {len(results)} chosen rates at an edge{named}; {seeds} a rate, {_where(study)}"
        if len(edges) > self.at_most:
            return Finding("FAIL", evidence)
        return Finding("NOT RUN", f"{open_} of {len(results)} not tuned yet") if open_ else Finding("PASS", evidence)


@dataclass(frozen=True)
class RunsFinish(OfStudy):
    """Reported runs reach their end with finite losses.

    Attributes:
        at_most: How many final runs may diverge.
    """

    at_most: int

    def _decide(self, study: StudyResults) -> Finding:
        results = list(study.results.values())
        runs = sum(len(result.finals) for result in results)
        if not runs:
            return not_run(f"final runs of the study {self.study}")
        diverged = {f"{each.optimizer} on {each.task}": each.num_diverged for each in results if each.num_diverged}
        total = sum(diverged.values())
        named = f": {', '.join(diverged)}" if diverged else ""
        seeds = number_of_runs(len(each.finals) for each in results)
        evidence = f"{total} of {runs} final runs diverged{named}; {seeds} for each optimizer, {_where(study)}"
        if total > self.at_most:
            return Finding("FAIL", evidence)
        planned = len(results) * len(study.protocol.seeds.final)
        return Finding("PASS", evidence) if runs == planned else Finding("NOT RUN", f"{runs} of {planned} final runs")


@dataclass(frozen=True)
class StepsCheap:
    """A training step costs no more than Keras Adam's times a factor.

    Attributes:
        optimizers: Who is measured.
        factor: The most that the median ratio may be.
    """

    optimizers: tuple[str, ...]
    factor: float

    def check(self, found: Collection) -> Finding:
        """Decide the claim by what was timed of these optimizers."""
        costs = {name: found.step_costs[name] for name in self.optimizers if name in found.step_costs}
        if not costs:
            return not_run("step costs of these optimizers")
        slowest = max(costs, key=lambda name: costs[name].ratio)
        evidence = (
            f"bench-optimizers: {len(costs)} of {len(self.optimizers)} timed, slowest: {slowest}, "
            f"{costs[slowest].ratio:.3f} times Keras' Adam; "
            f"{number_of_runs(cost.pairs for cost in costs.values())} pairs of steps each, "
            f"on {listed(cost.device for cost in costs.values())}"
        )
        if costs[slowest].ratio > self.factor:
            return Finding("FAIL", evidence, is_of_profile=False)
        is_whole = len(costs) == len(self.optimizers)
        return Finding("PASS" if is_whole else "NOT RUN", evidence, is_of_profile=False)


@dataclass(frozen=True)
class EngineFaster:
    """The engine scores candidates faster than Keras, one after another, does, in three rounds or more.

    Of fewer, as ``bench-engine --quick`` makes, nothing is said.

    Attributes:
        factor: How many times as fast as the faster of Keras' back ends, at least.
        device: What it is claimed of; a measurement on the other says nothing of it.
    """

    factor: float
    device: Literal["cpu", "gpu"]

    def check(self, found: Collection) -> Finding:
        """Decide the claim by the engine's speed."""
        if found.engine is None or is_cpu_name(found.engine.device) != (self.device == "cpu"):
            return not_run(f"measurement of the engine's speed on a {self.device.upper()}")
        times, rounds = found.engine.times_keras, found.engine.rounds
        if rounds < _LEAST_ROUNDS:
            return not_run(f"measurement of the engine's speed of {_LEAST_ROUNDS} rounds: there are {rounds}")
        evidence = f"bench-engine: {times:.1f} times, n = {rounds}, on {found.engine.device}"
        return Finding("PASS" if times >= self.factor else "FAIL", evidence, is_of_profile=False)


#: By the name that a claim calls it.
PREDICATES: Mapping[str, type[Predicate]] = {
    "beat_reference": BeatReference,
    "schedules_help": SchedulesHelp,
    "decays_help": DecaysHelp,
    "rates_inside": RatesInside,
    "runs_finish": RunsFinish,
    "steps_cheap": StepsCheap,
    "engine_faster": EngineFaster,
    "best_scores_shrink": BestScoresShrink,
    "nothing_scored_twice": NothingScoredTwice,
    "finds_beat": FindsBeat,
}


def _enough(
    study: StudyResults,
    tasks: Sequence[str],
    pairs: Mapping[str, tuple[str, Sequence[str]]],
    at_least: int,
    what: str,
) -> Finding:
    """Whether enough optimizers are better than their references on every task.

    Args:
        study: The study.
        tasks: Some of its tasks.
        pairs: By what the evidence calls it, an optimizer and those that it must be better than.
        at_least: How many must be better.
        what: They are counted for, for the evidence.
    """
    findings = []
    for task in tasks:
        compared = {
            label: _worst([_verdict(study, task, name, other) for other in references])
            for label, (name, references) in pairs.items()
        }
        findings.append(enough(compared, at_least, f"{task}: {what}"))
    return _everywhere(findings, study)


def _verdict(study: StudyResults, task: str, name: str, reference: str) -> Compared | None:
    """How one optimizer compares with another; None while either lacks final runs, or there is but one."""
    result, other = study.result(task, name), study.result(task, reference)
    planned = len(study.protocol.seeds.final)
    if result is None or other is None or min(len(result.finals), len(other.finals)) < planned:
        return None
    return compare(result.test_by_seed, other.test_by_seed)


def _worst(compared: Sequence[Compared | None]) -> Compared | None:
    """Of several references: not run if any was not, else the comparison that says the least for it.

    It is called worse where any of them is, whichever says the least.
    """
    known = [each for each in compared if each is not None]
    if len(known) < len(compared):
        return None
    least = min(known, key=lambda each: (each.verdict == "better", -each.p_value, each.mean))
    return least._replace(verdict="worse") if any(each.verdict == "worse" for each in known) else least


def _where(study: StudyResults) -> str:
    """The data sets and devices of a study's rows."""
    tasks = {row.task for row in study.rows}
    names = ", ".join(task for task in study.tasks if task in tasks)
    return f"{names}, on {listed(row.device for row in study.rows)}"


def _everywhere(findings: Sequence[Finding], study: StudyResults) -> Finding:
    """Findings of a study's tasks, that must all pass, as one."""
    statuses = [finding.status for finding in findings]
    status: Status = "FAIL" if "FAIL" in statuses else "NOT RUN" if "NOT RUN" in statuses else "PASS"
    devices = listed(row.device for row in study.rows) or "no device"
    return Finding(status, f"{'; '.join(finding.evidence for finding in findings)}; on {devices}")


def _require_count(at_least: int, among: Sequence[str]) -> None:
    require(1 <= at_least <= len(among), "at_least", at_least, f"between 1 and {len(among)}")
