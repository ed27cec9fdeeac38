"""Docstrings of the classes and functions that users import, written from the catalog's files.

Each has a line, what the update does, the mathematics with its symbols bound to arguments, the rates that were
measured, the arguments of its door, an example and references.
"""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, TypeVar

from paper_optimizers.catalog import CatalogEntry
from paper_optimizers.program import compile_spec

#: Symbols of the catalog's equations. Curves are written in Python, of ``t``, ``T`` and ``pi``.
SYMBOLS: Mapping[str, str] = {
    "q1": "0.3 g + 0.7 v^",
    "q2": "0.05 g^2 + 0.95 s^",
    "q3": "0.01 g^3 + 0.99 lam^",
    "v^": "the average of g with beta 0.9, corrected for its start",
    "s^": "the average of g^2 with beta 0.99, corrected for its start",
    "lam^": "the average of g^3 with beta 0.999, corrected for its start",
    "a1": "1 - t / T",
    "a2": "t / T",
    "a4": "(1 - cos(pi * t / T)) / 2",
    "a6": "(1 - cos(2 * pi * t / T)) / 2",
    "a8": "(1 - cos(pi * ((2 * t) % T) / T)) / 2",
    "a10": "((2 * t) % T) / T",
    "a11": "0.01 ** (t / T)",
    "a12": "1 - 0.01 ** (t / T)",
    "a13": "B / (0.05 + B), B = 0.95 (1 - (t + 1) / T)",
    "a14'": "(0.95 - B) / (0.05 + B), B = 0.95 (1 - (t + 1) / T)",
    "held_a13": "a13, which in the last step keeps its value of the step before",
    "clip": "clip(a, b) cuts a to at most |b| in size",
    "norm": "norm(x) cuts a tensor to length 1",
    "softsign": "softsign(x) = x / (1 + |x|)",
    "sig": "sig(x) = 1 / (1 + exp(-x))",
    "deriv_tanh": "deriv_tanh(x) = 1 - tanh(x)^2",
    "deriv_soft": "deriv_soft(x) = 1 / (1 + |x|)",
    "bessel_i1e": "bessel_i1e(x) = exp(-|x|) I_1(x), the scaled Bessel function",
    "eps": "1e-7",
}
#: The mathematics of what runs any spec: ``{rate}`` is an argument, ``{counted}`` what ``t`` counts.
_ANY_SPEC = """\
With gradient ``g`` of weight ``w``, step ``t`` (from 0) of ``T`` moves each weight by

    w = w - eta lambda w
    u = the value of the spec's graph
    w = w - eta u                                  without momentum
    m = mu m - eta u,  w = w + m                   with momentum
    m = mu m - eta u,  w = w + mu m - eta u        with Nesterov momentum

where

- ``eta`` is ``{rate}`` in step ``t``, times the spec's schedule factor if it has one;
- ``T`` is ``total_steps``, and ``t`` counts {counted};
- ``lambda`` is ``weight_decay`` (0 without one);
- ``mu`` is ``momentum``, or else the spec's own: a number, or one cycle that falls from 0.95 to 0.85 over
  ``warmup_steps`` and rises again after ``hold_steps``;
- the graph reads ``g``, ``w``, averages of ``g`` and its powers, and numbers. Decays on its edges are functions of
  ``t / T``, left out by ``decay=False``.

Weights have any shape, and ``u`` has the weight's. Averages, states and momentum are kept in float32 where weights have
less precision. A spec that ascends adds ``eta u`` instead. Rates of different specs are not comparable:
``describe("Opt4").first_rate`` is the one to begin with for a spec of the catalog. Without batch normalisation begin
with a third of it or less.

"""
_Made = TypeVar("_Made")
_TOKEN = re.compile(r"lam\^|[vs]\^|[A-Za-z]\w*'?")
#: What a symbol's text brings with it.
_MADE_OF = {"q1": ("v^",), "q2": ("s^",), "q3": ("lam^",), "held_a13": ("a13",)}
_SENTENCES = frozenset(("clip", "norm", "softsign", "sig", "deriv_tanh", "deriv_soft", "bessel_i1e"))


class Manual(NamedTuple):
    """How a door's docstrings differ.

    Attributes:
        rate: The argument for the learning rate.
        base: The class or function whose arguments they are, less ``spec``.
        example: Lines of an example, in which ``{name}`` and ``{rate}`` are filled in.
        clipped: The example of an optimizer that needs clipped gradients.
    """

    rate: str
    base: Any
    example: str
    clipped: str


def docstring(entry: CatalogEntry, manual: Manual, name: str = "") -> str:
    """Write the docstring of an optimizer at a door; ``name`` is its name there, where it is not the catalog's."""
    rate = entry.first_rate or 0.1
    clips = needs_clipping(entry)
    example = (manual.clipped if clips else manual.example).format(name=name or entry.name, rate=f"{rate:g}")
    parts = [
        f"{entry.name}: u = {entry.equation}.",
        filled(entry.description),
        mathematics(entry, manual.rate),
        *map(filled, remarks(entry, manual.rate)),
        *inherited(manual.base),
        f"Examples:\n{indented(example)}",
        f"References:\n    {entry.origin}.",
    ]
    return "\n\n".join(part for part in parts if part)


def needs_clipping(entry: CatalogEntry) -> bool:
    """Whether training with an optimizer takes clipped gradients."""
    return any(need.name == "clipped_gradients" for need in entry.needs)


def with_mathematics(rate: str, counted: str) -> Callable[[_Made], _Made]:
    """Decorate what runs any spec: its docstring gets the mathematics before its arguments, and the reference."""

    def decorate(made: _Made) -> _Made:
        before, heading, after = inspect.cleandoc(made.__doc__ or "").partition("Args:\n")
        text = before + _ANY_SPEC.format(rate=rate, counted=counted) + heading + after
        made.__doc__ = f"{text}\n\nReferences:\n    Morgan & Hougen, arXiv 2404.06679.\n"
        return made

    return decorate


def mathematics(entry: CatalogEntry, rate: str) -> str:
    """State the step and bind its symbols to arguments, in Markdown; ``rate`` is the argument for the learning rate."""
    return (
        f"With gradient ``g`` of weight ``w``, step ``t`` (from 0) of ``T`` moves each weight by\n\n{_step(entry)}\n\n"
        f"where\n\n{_symbols(entry, rate)}"
    )


def remarks(entry: CatalogEntry, rate: str) -> list[str]:
    """List what else there is to know: rates, state, needs and deviations, a paragraph each."""
    deviations = [f"Deviations from the publication: {entry.deviations}"] if entry.deviations else []
    needs = (f"Needs {need.text}." for need in entry.needs)
    return [_rates(entry, rate), _state(entry), *needs, *deviations]


def symbols_of(equation: str) -> list[str]:
    """List the symbols of an equation that `SYMBOLS` explains, with those that these are made of."""
    found = set(_TOKEN.findall(equation))
    found |= {part for symbol in found for part in _MADE_OF.get(symbol, ())}
    return [symbol for symbol in SYMBOLS if symbol in found]


def explained(equation: str) -> list[str]:
    """Explain the symbols of an equation, a phrase each."""
    return [SYMBOLS[each] if each in _SENTENCES else f"``{each}`` is {SYMBOLS[each]}" for each in symbols_of(equation)]


def listed(lines: Iterable[str]) -> str:
    """Write phrases as a list in Markdown, which ends with a full stop."""
    return ";\n".join(f"- {line}" for line in lines) + "."


def inherited(base: Any) -> list[str]:
    """Take over the sections of arguments and errors of ``base``, without its spec."""
    text = inspect.cleandoc(base.__doc__ or "")
    found = (
        re.search(rf"^{section}:\n.*?(?=\n\n|\Z)", text, re.MULTILINE | re.DOTALL) for section in ("Args", "Raises")
    )
    without_spec = (re.sub(r"\n    spec[ :].*?(?=\n    \S)", "", each[0], flags=re.DOTALL) for each in found if each)
    return [re.sub(r"\n    KeyError: [^\n]*(\n     [^\n]*)*", "", each) for each in without_spec]


def filled(text: str) -> str:
    """Break a paragraph into lines of at most 100 characters."""
    return textwrap.fill(text, 100, break_long_words=False, break_on_hyphens=False)


def indented(text: str) -> str:
    """Indent every line by four blanks."""
    return "\n".join(f"    {line}" for line in text.splitlines())


def _step(entry: CatalogEntry) -> str:
    lines = {
        "none": ("w = w - eta u",),
        "classical": ("m = mu m - eta u", "w = w + m"),
        "nesterov": ("m = mu m - eta u", "w = w + mu m - eta u"),
    }[entry.spec.momentum.type]
    return "\n".join(f"    {line}" for line in (f"u = {entry.equation}", *lines))


def _symbols(entry: CatalogEntry, rate: str) -> str:
    factor = "" if entry.spec.schedule is None else " times the factor of LR1, ``erfc(erfc(a4)) / deriv_tanh(a8)``"
    lines = [f"``eta`` is ``{rate}``{factor}"]
    if entry.spec.needs_total_steps:
        lines.append("``T`` is ``total_steps``")
    if entry.spec.momentum.type != "none":
        lines.append("``mu`` is ``momentum``; without it, it falls from 0.95 to 0.85 over the warm-up and rises again")
    equation = entry.equation + (" a4 a8 deriv_tanh" if entry.spec.schedule is not None else "")
    return listed([*lines, *explained(equation)])


def _rates(entry: CatalogEntry, rate: str) -> str:
    if not entry.rates:
        return "No learning rate was measured for it."
    most = max(each.seeds for each in entry.rates)
    seeds = "1 seed" if most == 1 else f"1 to {most} seeds"
    return (
        f"Begin tuning at a peak ``{rate}`` of {entry.first_rate:g}, or a third of that or less without batch "
        "normalisation, with ``warmup_steps`` a tenth of ``total_steps``. Within two points of the best validation "
        f"accuracy were {'; '.join(each.text for each in entry.rates)}. Those networks were small and had batch "
        f"normalisation; each rate had {seeds}. docs/choose.md says whether it does better than Adam and AdamW there."
    )


def _state(entry: CatalogEntry) -> str:
    program = compile_spec(entry.spec)
    numbers = len(program.moments) + len(program.states) + (entry.spec.momentum.type != "none")
    steps = " Needs ``total_steps``." if entry.spec.needs_total_steps else ""
    return f"It keeps {numbers} number{'s' * (numbers != 1)} for every weight; Adam keeps 2.{steps}"
