"""The catalog: published optimizers and schedules as data files, found by name."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cache
from importlib import resources
from typing import Any, Literal, NamedTuple, get_args

import numpy as np

from paper_optimizers.errors import SpecError, shown
from paper_optimizers.graph import Graph
from paper_optimizers.serialization import graph_from_dict, parse_json
from paper_optimizers.spec import OptimizerSpec
from paper_optimizers.suggestions import did_you_mean, other_form

Family = Literal["evolved", "adam-variant", "released", "baseline"]
GradientScale = Literal["invariant", "proportional", "none"]

_SCALES = get_args(GradientScale)
#: What is text in an entry's file.
_TEXTS = ("name", "family", "equation", "description", "origin", "deviations")


@dataclass(frozen=True)
class Invariances:
    """How an optimizer's update answers to a change of its inputs (every one is measured by a test).

    Attributes:
        gradient_scale: The effect on the update of multiplying all gradients by a positive constant: ``"invariant"``
            (none), ``"proportional"`` (multiplies it too) or ``"none"`` (something else).
        odd: Whether negating gradients and weights negates the update.
        weight: Whether the update is independent of the weight.
    """

    gradient_scale: GradientScale
    odd: bool
    weight: bool


class Need(NamedTuple):
    """A condition of training with an optimizer; ``text`` goes on from "needs"."""

    name: str
    text: str


#: By name; which optimizer needs which is measured by a test.
NEEDS: Mapping[str, Need] = {
    need.name: need
    for need in (
        Need(
            "falling_rate",
            "a learning rate that falls to 0, such as WarmupHoldCosine: the update grows without bound towards the end "
            "of the run, and stays there past it",
        ),
        Need(
            "clipped_gradients",
            "clipped gradients: the update grows exponentially with large gradients, so that one step can make the "
            "loss NaN. In Keras pass clipnorm=1, in PyTorch call torch.nn.utils.clip_grad_norm_(model.parameters(), "
            "1.0) before each step, in Optax chain optax.clip_by_global_norm(1.0) before the optimizer",
        ),
    )
}


#: Optimizers beside which ours are compared and which frameworks have, so that they are not in the catalog.
_ELSEWHERE: Mapping[str, str] = {
    "AdEMAMix": "optax.contrib.ademamix",
    "Adan": "optax.adan",
    "Muon": "keras.optimizers.Muon, torch.optim.Muon or optax.contrib.muon",
    "Nadam": "keras.optimizers.Nadam, torch.optim.NAdam or optax.nadam",
    "Prodigy": "optax.contrib.prodigy, with safeguard_warmup=True",
    "ScheduleFreeAdamW": "keras.optimizers.ScheduleFreeAdamW or optax.contrib.schedule_free_adamw",
}


class MeasuredRates(NamedTuple):
    """Peak learning rates that worked on one task, in the rows kept with the repository.

    Attributes:
        on: The data set, and how its images were made smaller; where an optimizer that trained alike was measured in
            its place, that one's name too.
        updates: Updates of a run.
        seeds: Most runs at a rate: where there are several, the best rates had them and the others one.
        low: The smallest rate whose validation accuracy is within two points of the best.
        high: The largest, with no worse one between.
    """

    on: str
    updates: int
    seeds: int
    low: float
    high: float

    @property
    def text(self) -> str:
        """The range and the task: ``"1 to 3.16 on CIFAR-10, 16 px (276 updates)"``."""
        rates = f"{self.low:g}" if self.low == self.high else f"{self.low:g} to {self.high:g}"
        return f"{rates} on {self.on} ({self.updates} updates)"


def middle_rate(rates: Sequence[MeasuredRates]) -> float:
    """The median over tasks of the middle of what worked, to one digit; of one task or more."""
    return float(f"{np.median([math.sqrt(each.low * each.high) for each in rates]):.1g}")


@dataclass(frozen=True)
class CatalogEntry:
    """One optimizer of the catalog.

    Attributes:
        name: The name that `get` takes.
        family: "evolved" (Opt1 to Opt10), "adam-variant" (A1 to A5), "released" (a slip of the released code, kept
            so that its results can be reproduced) or "baseline".
        equation: The update in plain text; symbols as in `paper_optimizers.operands`.
        description: The update in words.
        origin: Where it was published.
        invariances: See `Invariances`.
        rates: Peak learning rates that worked, task by task; empty where none were measured.
        deviations: How it differs from its origin; empty where it does not.
        needs: The conditions of training with it, from `NEEDS`; empty for most.
        spec: The optimizer.
    """

    name: str
    family: Family
    equation: str
    description: str
    origin: str
    invariances: Invariances
    rates: tuple[MeasuredRates, ...]
    deviations: str
    needs: tuple[Need, ...]
    spec: OptimizerSpec = field(repr=False)

    @property
    def rate_range(self) -> tuple[float, float] | None:
        """The smallest and the largest peak learning rate that worked on any task; None where none was measured."""
        if not self.rates:
            return None
        return min(each.low for each in self.rates), max(each.high for each in self.rates)

    @property
    def first_rate(self) -> float | None:
        """The peak learning rate to begin tuning with, see `middle_rate`; None where none was measured.

        It is for networks with batch normalisation; for others begin with a third of it.
        """
        return middle_rate(self.rates) if self.rates else None


@dataclass(frozen=True)
class ScheduleEntry:
    """One evolved learning-rate schedule: ``factor`` multiplies the warm-up, hold and cosine of the base rate."""

    name: str
    equation: str
    origin: str
    deviations: str
    factor: Graph = field(repr=False)


def names() -> tuple[str, ...]:
    """The names of all optimizers in the catalog, Opt1 to Opt10 first."""
    return tuple(sorted(_files("optimizers"), key=_natural))


def schedule_names() -> tuple[str, ...]:
    """LR1 to LR9."""
    return tuple(sorted(_files("schedules"), key=_natural))


def get(name: str) -> OptimizerSpec:
    """The spec of the optimizer called ``name``, such as ``"Opt4"``, ``"A1"`` or ``"Opt1-released"``.

    Raises:
        KeyError: With the nearest name, if there is none of this name.
    """
    return describe(name).spec


def describe(name: str) -> CatalogEntry:
    """The catalog's entry for ``name``: equation, origin, invariances, rates, deviations, needs and spec.

    Raises:
        KeyError: With the nearest name, if there is none of this name.
    """
    return _entry(_checked(name, "Opt4"))


@cache
def _entry(name: str) -> CatalogEntry:
    if name in schedule_names():
        raise UnknownNameError(f"{name!r} is a learning-rate schedule: use EvolvedSchedule({name!r}, ...)")
    document = _read("optimizers", name)
    try:
        entry = entry_from_dict(document)
        _require(entry.name == name, entry.name, f"the name of the file, {name!r}", "name")
        return entry
    except SpecError as error:
        raise error.under(f"specs/optimizers/{name}.json") from None


def entry_from_dict(document: Mapping[str, Any]) -> CatalogEntry:
    """Read an entry from plain data, as a file of the catalog holds it.

    Raises:
        SpecError: If a key is missing or unknown, or a value is not what it must be; it names the key.
    """
    _require_keys(document, (*_TEXTS, "invariances", "rates", "needs", "spec"), "")
    for key in _TEXTS:
        _require(isinstance(document[key], str), document[key], "a text", key)
    _require(document["family"] in get_args(Family), document["family"], _one_of(get_args(Family)), "family")
    for key in ("needs", "rates"):
        _require(isinstance(document[key], list), document[key], "a list", key)
    for place, need in enumerate(document["needs"]):
        _require(need in tuple(NEEDS), need, _one_of(NEEDS), f"needs[{place}]")
    for place, rates in enumerate(document["rates"]):
        _require_rates(rates, f"rates[{place}]")
    try:
        spec = OptimizerSpec.from_dict(document["spec"])
    except SpecError as error:
        raise error.under("spec") from None
    return CatalogEntry(
        **{key: document[key] for key in _TEXTS},
        invariances=_invariances(document["invariances"]),
        rates=tuple(MeasuredRates(**each) for each in document["rates"]),
        needs=tuple(NEEDS[need] for need in document["needs"]),
        spec=spec,
    )


def _invariances(document: Any) -> Invariances:
    _require_keys(document, tuple(each.name for each in fields(Invariances)), "invariances")
    scale = document["gradient_scale"]
    _require(scale in _SCALES, scale, _one_of(_SCALES), "invariances.gradient_scale")
    for key in ("odd", "weight"):
        _require(isinstance(document[key], bool), document[key], "true or false", f"invariances.{key}")
    return Invariances(**document)


def _require_rates(rates: Any, path: str) -> None:
    _require_keys(rates, MeasuredRates._fields, path)
    _require(isinstance(rates["on"], str), rates["on"], "a text", f"{path}.on")
    for key in ("updates", "seeds"):
        _require(type(rates[key]) is int and rates[key] > 0, rates[key], "an integer above 0", f"{path}.{key}")
    low, high = rates["low"], rates["high"]
    ordered = all(type(each) in (int, float) for each in (low, high)) and 0 < low <= high < math.inf
    _require(ordered, (low, high), "numbers above 0, low at most high", f"{path}.low, {path}.high")


def _require_keys(document: Any, keys: Sequence[str], path: str) -> None:
    _require(isinstance(document, Mapping), document, f"an object with the keys {', '.join(keys)}", path)
    missing, unknown = set(keys) - set(document), set(document) - set(keys)
    if missing or unknown:
        which = f"missing key {sorted(missing)[0]!r}" if missing else f"unknown key {sorted(unknown)[0]!r}"
        raise SpecError(f"{which}; expected the keys {', '.join(keys)}", path)


def _require(holds: bool, value: Any, expected: str, path: str) -> None:
    if not holds:
        raise SpecError(f"received {shown(value)}; expected {expected}", path)


def _one_of(names: Iterable[str]) -> str:
    return f"one of {', '.join(names)}"


@cache
def entry_of(spec: OptimizerSpec) -> CatalogEntry | None:
    """Look up the catalog's optimizer of this very spec; None where the catalog has none."""
    return next((entry for entry in map(describe, names()) if entry.spec == spec), None)


def needs_of(spec: OptimizerSpec) -> tuple[Need, ...]:
    """Look up the needs of the catalog's optimizer of this very spec; nothing where the catalog has none."""
    entry = entry_of(spec)
    return () if entry is None else entry.needs


def describe_schedule(name: str) -> ScheduleEntry:
    """The catalog's entry for the schedule ``name``, "LR1" to "LR9".

    Raises:
        KeyError: With the nearest name, if there is none of this name.
    """
    return _schedule_entry(_checked(name, "LR1"))


@cache
def _schedule_entry(name: str) -> ScheduleEntry:
    document = _read("schedules", name)
    return ScheduleEntry(
        **{key: document[key] for key in ("name", "equation", "origin", "deviations")},
        factor=graph_from_dict(document["factor"], "decay"),
    )


class UnknownNameError(KeyError):
    """A `KeyError` whose message prints as it is, without quotes."""

    def __str__(self) -> str:
        """Return the message."""
        return str(self.args[0])


def _checked(name: Any, example: str) -> str:
    if isinstance(name, str):
        return name
    expected = f"a name of the catalog, such as {example!r}{other_form(name)}"
    raise UnknownNameError(f"received {shown(name)}; expected {expected}")


def _read(folder: str, name: str) -> Mapping[str, Any]:
    files = _files(folder)
    if name not in files:
        elsewhere = _elsewhere(name) if folder == "optimizers" else ""
        hint = elsewhere or other_form(name, "name") or did_you_mean(str(name), files)
        raise UnknownNameError(f"the catalog has no {folder[:-1]} called {shown(name)}{hint}")
    text = resources.files("paper_optimizers").joinpath("specs", folder, f"{name}.json").read_text("utf-8")
    try:
        document: Mapping[str, Any] = parse_json(text)
    except SpecError as error:
        raise error.under(f"specs/{folder}/{name}.json") from None
    return document


def made_by_name(name: str, call: str) -> str:
    """A sentence to append to an error: how the optimizer called ``name`` is made, or where frameworks have it.

    Args:
        name: Compared ignoring case; may be anything.
        call: Makes one of the catalog, with ``{}`` in the place of its name.

    Returns:
        The sentence; empty where neither the catalog nor a framework is known to have it.
    """
    known = {each.lower(): each for each in names()}
    if name.lower() in known:
        return f"; the catalog has it: {call.format(repr(known[name.lower()]))}"
    return _elsewhere(name)


def _elsewhere(name: str) -> str:
    """Say where an optimizer is that frameworks have; empty for every other name."""
    places = {each.lower(): place for each, place in _ELSEWHERE.items()}
    place = places.get(name.lower().replace("_", "").replace("-", ""))
    return f"; frameworks have it: {place}. docs/choose.md of the repository says more" if place else ""


@cache
def _files(folder: str) -> frozenset[str]:
    entries = resources.files("paper_optimizers").joinpath("specs", folder).iterdir()
    return frozenset(entry.name.removesuffix(".json") for entry in entries if entry.name.endswith(".json"))


def _natural(name: str) -> tuple[int, str, int, str]:
    """Opt2 before Opt10, and the paper's optimizers before the others."""
    stem, _, variant = name.partition("-")
    letters = stem.rstrip("0123456789")
    number = stem[len(letters) :]
    order = {"Opt": 0, "A": 1}.get(letters, 2) if number else 3
    return (order, letters, int(number or 0), variant)
