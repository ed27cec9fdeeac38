"""Checks that every door makes of a spec and its run, in the words of the framework that the door leads to."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from paper_optimizers.arguments import check_rate
from paper_optimizers.catalog import describe_schedule, entry_of, get, needs_of
from paper_optimizers.graph import Graph
from paper_optimizers.one_cycle import UNKNOWN_RUN, RunPhases
from paper_optimizers.serialization import graph_from_dict
from paper_optimizers.spec import OptimizerSpec
from paper_optimizers.suggestions import nearest_argument, other_form

#: Packages through which an optimizer may be called, and whose lines are not the user's.
_INSIDE = ("paper_optimizers", "torch", "keras", "optax", "jax", "contextlib")
#: What frameworks call the learning rate.
_RATES = ("lr", "learning_rate")
#: What Keras calls the limits of gradients, which elsewhere are no arguments of an optimizer.
_CLIPPING = ("clipnorm", "global_clipnorm", "clipvalue")


@dataclass(frozen=True)
class Door:
    """How a framework names what its optimizers are told.

    Attributes:
        framework: Its name.
        rate: The argument for the learning rate.
        own_schedule: The schedule of ours that can be that argument and brings its run; empty where none can.
        scheduling: Advice for a rate that decays.
        lowering: Advice for a rate that falls, without a warm-up.
        climbing: How to climb instead of to descend, which no negative rate does.
        clipping: How gradients are clipped.
        any_spec: The class or function that runs any spec.
        no_momentum: Advice where a spec has no momentum to set.
    """

    framework: str
    rate: str
    own_schedule: str
    scheduling: str
    lowering: str
    climbing: str
    clipping: str
    any_spec: str = "GraphOptimizer"
    no_momentum: str = "leave momentum out"

    def require_rate(self, value: Any, title: str, spec: OptimizerSpec | None = None) -> Any:
        """`check_rate` of a learning rate that has no default; ``title`` names the optimizer, ``spec`` is what it runs.

        Raises:
            ValueError: Where it is None, negative or not finite, saying what to give.
        """
        if value is None:
            raise ValueError(
                f"{title} needs {'lr' if self.rate == 'lr' else f'a {self.rate}'}: there is none that serves all "
                f"optimizers, since updates differ a hundredfold in length. {self._first_rate(spec)}. With "
                "total_steps= and warmup_steps= the number is the peak of a warm-up and a cosine; alone it is a "
                "constant rate, which may have to be lower. docs/choose.md of the repository lists what worked, by task"
            )
        try:
            return check_rate(value, self.rate)
        except ValueError as error:
            climbing = f". To climb instead of to descend, {self.climbing}" if value < 0 else ""
            raise ValueError(f"{error}. {self._first_rate(spec)}{climbing}") from None

    def _first_rate(self, spec: OptimizerSpec | None) -> str:
        """Say which rate to begin with: the catalog's where it has one for this very spec, else a grid."""
        entry = None if spec is None else entry_of(spec)
        if entry is None or entry.first_rate is None:
            return f"No rate was measured for this spec: try a grid, such as {self.rate}=0.01, 0.1, 1 and 10"
        return (
            f"For {entry.name} begin with the peak {self.rate}={entry.first_rate:g}, or with a third of it or less "
            "without batch normalisation"
        )

    def unknown_argument(self, given: Mapping[str, Any], known: Iterable[str], title: str) -> str:
        """Say what is wrong with the first of the arguments ``given`` that is not ``known``; empty where all are.

        Another framework's name of the learning rate is answered with this one's, Keras' clipping with this one's, a
        spec with what takes one, and a misspelt name with the nearest.
        """
        names = set(known)
        name = next((each for each in given if each not in names), None)
        if name is None:
            return ""
        if name in _RATES:
            hint = f"; {self.framework} calls it {self.rate}: write {self.rate}={given[name]!r:.80}"
        elif name in _CLIPPING:
            hint = f"; to clip gradients in {self.framework}, {self.clipping}"
        else:
            has_spec = f"; {title} has the catalog's spec: for another use {self.any_spec}"
            hint = has_spec if name == "spec" else nearest_argument(name, names)
        return f"argument not recognized by {title}: received {name}={given[name]!r:.80}{hint}"

    def check_decay(self, decay: Any) -> None:
        """Refuse what is no truth value.

        Raises:
            ValueError: Saying what ``decay`` is, and how a learning rate decays.
        """
        if not isinstance(decay, bool):
            raise ValueError(
                f"decay says whether decay functions are applied, True or False; received {decay!r:.80}. For a "
                f"learning rate that decays, {self.scheduling}"
            )

    def running(self, spec: OptimizerSpec, decay: Any, momentum: Any) -> OptimizerSpec:
        """``spec`` as it is run: without its decays, or with another momentum coefficient.

        Raises:
            ValueError: If ``decay`` is no truth value, or there is no momentum to set.
        """
        self.check_decay(decay)
        running = spec if decay else spec.without_decays()
        if momentum is None:
            return running
        if spec.momentum.type == "none":
            raise ValueError(
                f"this spec has no momentum to set; received momentum={momentum!r:.80}: {self.no_momentum}"
            )
        return running.with_momentum(momentum)

    def run_phases(
        self, given: Mapping[str, Any], schedule: RunPhases | None = None, *, has_course: bool = False
    ) -> RunPhases:
        """The run that the arguments give, or else a schedule of ours.

        Args:
            given: ``total_steps``, ``warmup_steps`` and ``hold_steps``, each an integer or None.
            schedule: The run of a schedule of ours that is the learning rate.
            has_course: Whether the learning rate is a schedule of another kind.

        Raises:
            ValueError: If a schedule says something else than an argument, a schedule of another kind is given with a
                warm-up or hold, the length of the run is missing, or a number is out of its range.
        """
        total_steps, warmup_steps, hold_steps = (given[name] for name in RunPhases._fields)
        if schedule is not None:
            for name, own in schedule._asdict().items():
                if given[name] is not None and given[name] != own:
                    raise ValueError(
                        f"{name}={given[name]!r} contradicts the schedule given as {self.rate}, whose {name} is {own}: "
                        f"rate, decays and momentum follow one run. Leave {name} out, or change the schedule"
                    )
            return schedule
        if has_course and (warmup_steps or hold_steps):
            raise ValueError(
                f"{self.rate} is a schedule and has its own course, so it excludes warmup_steps and hold_steps: they "
                f"make a schedule of a number. Leave them out, or pass the peak rate, or a {self.own_schedule}"
            )
        if total_steps is not None:
            return RunPhases(total_steps, warmup_steps or 0, hold_steps or 0).checked()
        if not has_course and (warmup_steps is not None or hold_steps is not None):
            raise ValueError("warmup_steps and hold_steps are parts of a run: pass total_steps= with them")
        return UNKNOWN_RUN

    def require_length(self, running: OptimizerSpec, phases: RunPhases, title: str) -> None:
        """Refuse a run of unknown length for a spec that reads training progress.

        Raises:
            ValueError: Saying how to give the length.
        """
        if running.needs_total_steps and phases.total_steps is None:
            schedule = f", or a {self.own_schedule} as {self.rate}" if self.own_schedule else ""
            raise ValueError(
                f"{title} reads training progress (decay functions, a schedule factor or one-cycle momentum) and "
                f"{self.framework} does not tell it how long training is: pass total_steps=, the number of updates "
                f"(epochs times steps per epoch, divided by the number of batches that are accumulated){schedule}"
            )

    def warn_of_constant_rate(self, running: OptimizerSpec, rate: Any, title: str) -> None:
        """Warn, at the line of the user's that led here, where a spec needs a rate that falls and ``rate`` does not."""
        for need in needs_of(running):
            if need.name == "falling_rate":
                warnings.warn(
                    f"{title} received the constant rate {rate!r} and needs {need.text}. Pass warmup_steps= (0 will "
                    f"do) with the number, or {self.lowering}.",
                    stacklevel=_level_outside() - 1,
                )

    def warn_past_end(
        self, update: int, total_steps: int, running: OptimizerSpec, title: str, *, follows: bool
    ) -> None:
        """Warn, at the line of the user's that led here, that a run takes more updates than were announced.

        Args:
            update: The number of the coming update, from 1.
            total_steps: How many were announced.
            running: The spec as it is run, of which all that follows the run is named.
            title: Names the optimizer.
            follows: Whether the learning rate follows the run, too.
        """
        warnings.warn(
            f"{title} takes update {update} of a run of total_steps={total_steps}: from its end on "
            f"{_constant_past_end(running, follows)}. total_steps counts updates, which are epochs times batches per "
            "epoch; a longer run needs a larger number",
            stacklevel=_level_outside() - 1,
        )


def _constant_past_end(running: OptimizerSpec, rate_follows: bool) -> str:
    """Say of all that follows a run that it changes no more; there is something."""
    course = {
        "the rate": rate_follows,
        "the schedule factor": running.schedule is not None,
        "decay functions": bool(running.decays),
        "momentum": running.momentum.varies,
    }
    *most, last = (name for name, follows in course.items() if follows)
    verb = "keep their last values" if most or last == "decay functions" else "keeps its last value"
    return f"{', '.join(most)}{' and ' if most else ''}{last} {verb}"


def _level_outside() -> int:
    """Count the frames up to the first that is neither of this package nor of a framework."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] in _INSIDE:
        level, frame = level + 1, frame.f_back
    return level + 1


def as_spec(spec: Any) -> OptimizerSpec:
    """The spec that is given as itself, by its catalog name or as plain data.

    Raises:
        KeyError: For a name that is not in the catalog.
        ValueError: For what is no spec.
    """
    if isinstance(spec, OptimizerSpec):
        return spec
    if isinstance(spec, str):
        if "~" in spec[1:]:
            raise ValueError(f"received the text {spec!r}; pass the spec that it says: from_text(...)")
        return get(spec)
    if isinstance(spec, Mapping):
        return OptimizerSpec.from_dict(spec)
    expected = f"an OptimizerSpec, a catalog name or a spec's plain data; received {spec!r:.80}"
    raise ValueError(f"spec must be {expected}{other_form(spec)}")


def as_factor(factor: str | Graph | Mapping[str, Any]) -> Graph:
    """The factor of an evolved schedule that is given by its catalog name, as a graph or as plain data.

    Raises:
        KeyError: With the nearest name, for an unknown schedule.
        ValueError: For a graph of another kind; SpecError for a malformed one.
    """
    if isinstance(factor, str):
        return describe_schedule(factor).factor
    graph = factor if isinstance(factor, Graph) else graph_from_dict(factor, "decay")
    if graph.kind != "decay":
        raise ValueError("the factor must be a graph of kind 'decay'; received one of kind 'update'")
    return graph
