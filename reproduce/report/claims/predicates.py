"""Predicates that decide claims, by name: each a frozen set of arguments and a pure function of what was measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Literal, Protocol

from reproduce.counts import number_of
from reproduce.machine import is_cpu_name
from reproduce.plain_data import require
from reproduce.report.analysis.studies import BEST, Compared, against, find, in_pairs
from reproduce.report.analysis.verdicts import Verdict
from reproduce.report.claims.findings import Counted, Finding, enough, not_run, worst
from reproduce.report.claims.search import BestScoresShrink, FindsBeat, KindBeats, NothingScoredTwice, SearchesBeat
from reproduce.report.collection import Collection
from reproduce.report.results import Result, StudyResults, number_of_runs
from reproduce.report.tables.ablations import decay_pairs, schedule_pairs
from reproduce.report.tables.comparisons import listed
from reproduce.tasks.optimizers import LINEAR

#: Of a measurement of speed, for it to say anything.
_LEAST_ROUNDS = 3


class Predicate(Protocol):
    """A rule that decides a claim."""

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
class OfTask(OfStudy):
    """A predicate on one task of a study.

    Attributes:
        task: The task's name.
        at_least: How many distinct functions must be better.
    """

    task: str
    at_least: int

    def __post_init__(self) -> None:
        require(self.at_least >= 1, "at_least", self.at_least, "1 or more")

    def _decide(self, study: StudyResults) -> Finding:
        if self.task not in study.tasks:
            return not_run(f"task {self.task} in the study {self.study}")
        finding = self._decide_task(study)
        return replace(finding, evidence=f"{self.task}: {finding.evidence}; on {_devices(study)}")

    def _decide_task(self, study: StudyResults) -> Finding:
        raise NotImplementedError


@dataclass(frozen=True)
class BeatReference(OfTask):
    """Enough optimizers are better than each of some references.

    Attributes:
        optimizers: Who may be counted; "best evolved" alone for the best of the paper's, as tuning chose it, whose
            comparison is then a family of its own.
        references: Each of whom must be beaten; "best baseline" is the best of the others, as tuning chose it.
    """

    optimizers: tuple[str, ...]
    references: tuple[str, ...]

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.at_least <= len(self.optimizers), "at_least", self.at_least, f"at most {len(self.optimizers)}")
        require(len(self.references) > 0, "references", [], "at least one")
        alone = not set(BEST) & set(self.optimizers) or len(self.optimizers) == 1
        require(alone, "optimizers", list(self.optimizers), f"names of optimizers, or one of {', '.join(BEST)} alone")

    def _decide_task(self, study: StudyResults) -> Finding:
        references = {name: find(study, self.task, name) for name in self.references}
        optimizers = [find(study, self.task, name) for name in self.optimizers]
        lacking = [name for name, found in references.items() if found is None]
        if lacking or None in optimizers:
            return not_run(f"{(*lacking, *self.optimizers)[0]} in the study {self.study}, tuned")
        beside = [self._beside(study, found) for found in references.values() if found is not None]
        chosen = [found for found in optimizers if found is not None]
        functions = [
            tuple(name for name in each.names if name in {result.optimizer for result in chosen})
            for each in study.functions(self.task)
        ]
        counted = [
            worst([replace(by_name[names[0]], names=names) for by_name in beside]) for names in functions if names
        ]
        named = " and ".join(_called(name, found) for name, found in references.items() if found is not None)
        return enough(counted, self.at_least, f"better than {named}")

    def _beside(self, study: StudyResults, reference: Result) -> dict[str, Counted]:
        """Every optimizer that may be counted beside one reference; a function is EQUIVALENT to itself."""
        if self.optimizers[0] in BEST:
            chosen = find(study, self.task, self.optimizers[0])
            pairs = [] if chosen is None else [(chosen.optimizer, reference.optimizer)]
            compared = in_pairs(study, self.task, pairs)
        else:
            compared = against(study, self.task, reference)
        found = {name: _counted(each) for each in compared for name in each.names}
        own = next(each for each in study.functions(self.task) if reference.optimizer in each.names)
        itself: Verdict = "EQUIVALENT" if reference.finals else "NOT RUN"
        return {name: Counted(own.names, itself, None) for name in own.names} | found


@dataclass(frozen=True)
class SchedulesHelp(OfTask):
    """Enough evolved schedules are better for an optimizer than a plain one.

    Attributes:
        optimizer: The optimizer, without schedule.
        beside: What they are compared with: "none" is warm-up and half a cosine, "linear" a straight line in its place.
    """

    optimizer: str
    beside: Literal["none", "linear"] = "none"

    def _decide_task(self, study: StudyResults) -> Finding:
        compared = schedule_pairs(study, self.task, self.optimizer, LINEAR if self.beside == "linear" else None)
        if not compared:
            return not_run(f"{self.optimizer} with schedules, evolved and {self.beside}, in the study {self.study}")
        evolved = {each.name for each in study.entrants if each.schedule not in (None, LINEAR)}
        counted = [_counted(each) for each in compared if evolved & set(each.names)]
        reference = "than without" if self.beside == "none" else "than with the linear one"
        return enough(counted, self.at_least, f"{self.optimizer} better with a schedule {reference}")


@dataclass(frozen=True)
class DecaysHelp(OfTask):
    """Enough optimizers are better with their decay functions than without."""

    def _decide_task(self, study: StudyResults) -> Finding:
        compared = in_pairs(study, self.task, decay_pairs(study.entrants))
        if not compared:
            return not_run(f"optimizers with and without decays in the study {self.study}")
        return enough([_counted(each) for each in compared], self.at_least, "better with decays than without")


@dataclass(frozen=True)
class RatesInside(OfStudy):
    """Tuning found its best rate inside the grid, not at an edge that could not be moved, on every task that was begun.

    Attributes:
        at_most: How many chosen rates may be at an edge.
    """

    at_most: int

    def _decide(self, study: StudyResults) -> Finding:
        results = _begun(study)
        if not results:
            return not_run(f"run of the study {self.study}")
        edges = [f"{result.optimizer} on {result.task}" for result in results if result.choice.at_edge]
        open_ = sum(result.choice.rate is None for result in results)
        named = f": {', '.join(edges)}" if edges else ""
        seeds = number_of(len(study.protocol.seeds.tune), "seed")
        evidence = f"{len(edges)} of {len(results)} chosen rates at an edge{named}; {seeds} a rate, {_where(study)}"
        if len(edges) > self.at_most:
            return Finding("CONTRADICTED", evidence)
        return (
            Finding("NOT RUN", f"{open_} of {len(results)} not tuned yet") if open_ else Finding("SUPPORTED", evidence)
        )


@dataclass(frozen=True)
class RunsFinish(OfStudy):
    """Reported runs reach their end with finite losses, on every task that was begun.

    Attributes:
        at_most: How many final runs may diverge.
    """

    at_most: int

    def _decide(self, study: StudyResults) -> Finding:
        results = _begun(study)
        runs = sum(len(result.finals) for result in results)
        if not runs:
            return not_run(f"final runs of the study {self.study}")
        diverged = {f"{each.optimizer} on {each.task}": each.num_diverged for each in results if each.num_diverged}
        total = sum(diverged.values())
        named = f": {', '.join(diverged)}" if diverged else ""
        seeds = number_of_runs(len(each.finals) for each in results)
        evidence = f"{total} of {runs} final runs diverged{named}; {seeds} for each optimizer, {_where(study)}"
        if total > self.at_most:
            return Finding("CONTRADICTED", evidence)
        planned = sum(len(study.protocol.seeds.final_of(each.task)) for each in results)
        return (
            Finding("SUPPORTED", evidence) if runs == planned else Finding("NOT RUN", f"{runs} of {planned} final runs")
        )


@dataclass(frozen=True)
class StepsCheap:
    """A training step costs no more than that of Adam of the same door times a factor, on networks and through doors.

    Attributes:
        optimizers: Who is measured.
        factor: The most that the median ratio may be.
        doors: Through which.
        networks: On which.
    """

    optimizers: tuple[str, ...]
    factor: float
    doors: tuple[str, ...]
    networks: tuple[str, ...]

    def check(self, found: Collection) -> Finding:
        """Decide the claim by what was timed of these optimizers."""
        wanted = set(product(self.doors, self.networks, self.optimizers))
        costs = [cost for cost in found.door_costs if (cost.door, cost.network, cost.optimizer) in wanted]
        if not costs:
            return not_run("step costs of these optimizers")
        slowest = max(costs, key=lambda cost: cost.ratio)
        above = sum(cost.ratio > self.factor for cost in costs)
        evidence = (
            f"bench-optimizers: {len(costs)} of {len(wanted)} timed, {above} above {self.factor:.2f}, slowest: "
            f"{slowest.optimizer} through {slowest.door} on the {slowest.network} network, {slowest.ratio:.3f} times "
            f"Adam; {number_of_runs(cost.rounds for cost in costs)} rounds each, "
            f"on {listed(cost.device for cost in costs)}"
        )
        if above:
            return Finding("CONTRADICTED", evidence, is_of_profile=False)
        return Finding("SUPPORTED" if len(costs) == len(wanted) else "NOT RUN", evidence, is_of_profile=False)


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
        return Finding("SUPPORTED" if times >= self.factor else "CONTRADICTED", evidence, is_of_profile=False)


@dataclass(frozen=True)
class StepsFaster:
    """At one size the engine's steps are faster than those of the best form of another framework, on all cores.

    Attributes:
        size: See `reproduce.report.speed.FrameworkTime`.
        framework: The other one; of its forms the fastest counts.
        factor: How many times as fast, at least.
    """

    size: str
    framework: str
    factor: float

    def check(self, found: Collection) -> Finding:
        """Decide the claim by the median ratio of steps that were timed in turns, in three rounds or more."""
        times = [
            each
            for each in found.framework_times
            if (each.size, each.framework, each.measured) == (self.size, self.framework, "step")
        ]
        if not times:
            return not_run(f"steps of {self.framework} at the size {self.size}")
        best = min(times, key=lambda each: each.times)
        if best.rounds < _LEAST_ROUNDS:
            return not_run(f"measurement of {_LEAST_ROUNDS} rounds: there are {best.rounds}")
        evidence = (
            f"bench-engine: {best.times:.2f} times (quartiles {best.times_low:.2f} to {best.times_high:.2f}) the best "
            f"of {number_of(len(times), 'form')} of {self.framework} ({best.form}), n = {best.rounds}, on {best.device}"
        )
        return Finding("SUPPORTED" if best.times >= self.factor else "CONTRADICTED", evidence, is_of_profile=False)


#: By the name that a claim calls it.
PREDICATES: Mapping[str, type[Predicate]] = {
    "beat_reference": BeatReference,
    "schedules_help": SchedulesHelp,
    "decays_help": DecaysHelp,
    "rates_inside": RatesInside,
    "runs_finish": RunsFinish,
    "steps_cheap": StepsCheap,
    "engine_faster": EngineFaster,
    "steps_faster": StepsFaster,
    "best_scores_shrink": BestScoresShrink,
    "nothing_scored_twice": NothingScoredTwice,
    "finds_beat": FindsBeat,
    "kind_beats": KindBeats,
    "searches_beat": SearchesBeat,
}


def _counted(compared: Compared) -> Counted:
    return Counted(compared.names, compared.verdict, compared.difference)


def _called(name: str, found: Result) -> str:
    """A reference's name, with what it was chosen for."""
    return f"{found.optimizer}, the {name}" if name in BEST else name


def _devices(study: StudyResults) -> str:
    return listed(row.device for row in study.rows) or "no device"


def _begun(study: StudyResults) -> list[Result]:
    """Every optimizer on each task that has rows."""
    tasks = {row.task for row in study.rows}
    return [result for result in study.results.values() if result.task in tasks]


def _where(study: StudyResults) -> str:
    """The tasks and devices of a study's rows, and the tasks without."""
    tasks = {row.task for row in study.rows}
    names, others = ([task for task in study.tasks if (task in tasks) is there] for there in (True, False))
    return f"{', '.join(names)}, on {_devices(study)}" + (f"; not begun: {', '.join(others)}" if others else "")
