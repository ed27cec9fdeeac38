"""The docstrings of the schedules at every door have every part, their numbers are true, and their examples run."""

import doctest
import inspect
import math
import re
from typing import Any

import numpy as np
import pytest

import paper_optimizers as po
from paper_optimizers.docstrings import SYMBOLS, symbols_of
from tests.paper_optimizers.test_docstrings import arguments_of

NAMES = po.schedule_names()
PARTS = ("Use it", "In step ``t`` (from 0) of ``T``", "- ``T`` is ``total_steps``", "Begin with", "Args:", "Raises:")
MORE_PARTS = ("Examples:", "References: Morgan & Hougen, arXiv 2404.06679.")


def door(module: str) -> Any:
    return pytest.importorskip(module, exc_type=ImportError)


BASES = {
    "Keras": lambda: po.WarmupHoldCosine,
    "PyTorch": lambda: door("paper_optimizers.torch").WarmupHoldCosine,
    "Optax": lambda: door("paper_optimizers.optax").warmup_hold_cosine,
}
EVOLVED = {
    "Keras": lambda: po.EvolvedSchedule,
    "PyTorch": lambda: door("paper_optimizers.torch").EvolvedSchedule,
    "Optax": lambda: door("paper_optimizers.optax").evolved_schedule,
}


def check(made: Any, parts: tuple[str, ...]) -> str:
    """Look for what every schedule's docstring has, and run its example."""
    text = inspect.getdoc(made) or ""
    words = " ".join(text.split())
    assert [part for part in parts if part not in words] == []
    assert set(inspect.signature(made).parameters) <= arguments_of(text)
    assert max(map(len, text.splitlines())) <= 120
    (example,) = doctest.DocTestFinder(recurse=False).find(made, "it", module=False, globs={})
    assert len(example.examples) >= 3
    assert doctest.DocTestRunner(verbose=False).run(example).failed == 0
    return text


@pytest.mark.parametrize("find", BASES.values(), ids=BASES)
def test_the_schedule_without_a_factor_has_every_part(find: Any) -> None:
    text = check(find(), PARTS + MORE_PARTS)
    for symbol in ("``W`` is ``warmup_steps``", "``H`` is ``hold_steps``", "- ``P`` is "):
        assert symbol in text


@pytest.mark.parametrize("find", EVOLVED.values(), ids=EVOLVED)
def test_the_schedule_with_any_factor_lists_the_catalog_s(find: Any) -> None:
    text = check(find(), tuple(part for part in PARTS if part != "Begin with") + MORE_PARTS)
    told = dict(re.findall(r"^    (LR\d)   \d+\.\d\d +(.*)$", text, re.MULTILINE))
    assert told == {name: po.describe_schedule(name).equation for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_a_scheduler_of_one_factor_has_every_part(name: str) -> None:
    entry, made = po.describe_schedule(name), getattr(door("paper_optimizers.torch"), name)
    text = check(made, PARTS + MORE_PARTS)
    words = " ".join(text.split())
    assert text.startswith(f"{name}: `WarmupHoldCosine` times {entry.equation}.\n")
    assert f"    f(t) = {entry.equation}\n" in text
    assert entry.deviations in words
    mean, largest = numbers_of_a_run(name)
    assert f"Begin with {mean:.2f} times" in words
    assert f"largest rate is {largest:.2f} times" in words


@pytest.mark.parametrize("name", NAMES)
def test_the_number_before_a_factor_gives_the_same_mean_rate(name: str) -> None:
    told = re.search(rf"^    {name}   (\S+)", inspect.getdoc(po.EvolvedSchedule) or "", re.MULTILINE)
    assert told
    assert told[1] == f"{numbers_of_a_run(name)[0]:.2f}"


def numbers_of_a_run(name: str) -> tuple[float, float]:
    """The ratio of the mean rates and the largest rate, by the schedules of Keras themselves."""
    arguments = {"total_steps": 1_000, "warmup_steps": 100}
    rates = po.EvolvedSchedule(name, 1.0, **arguments).values(np.arange(1_000))
    base = po.WarmupHoldCosine(1.0, **arguments).values(np.arange(1_000))
    return float(base.mean() / rates.mean()), float(rates.max())


@pytest.mark.parametrize("name", NAMES)
def test_every_symbol_of_a_factor_is_explained(name: str) -> None:
    known = {"arctan", "erf", "erfc", "max", "sqrt", "tanh"}
    equation = po.describe_schedule(name).equation
    assert set(re.findall(r"[A-Za-z]\w*'?", equation)) - known - set(symbols_of(equation)) == set()


@pytest.mark.parametrize("name", NAMES)
def test_a_factor_is_what_its_symbols_make_of_it(name: str) -> None:
    """The equation, read by Python with the texts of `SYMBOLS`, gives the schedule's rates."""
    scale = 40
    rates = po.EvolvedSchedule(name, 1.0, total_steps=scale).values(np.arange(scale))
    base = po.WarmupHoldCosine(1.0, total_steps=scale).values(np.arange(scale))
    functions = {each: getattr(math, each) for each in ("cos", "erf", "erfc", "sqrt", "tanh", "pi")}
    for t in range(1, scale):
        values: dict[str, Any] = {"t": t, "T": scale, "arctan": math.atan, "max": max, "abs": abs, **functions}
        for symbol, text in SYMBOLS.items():
            if re.fullmatch(r"a(1|2|4|6|8|10|11|12)|eps", symbol):
                values[symbol] = eval(text, values)
            elif symbol in ("softsign", "sig", "deriv_tanh", "deriv_soft"):
                values |= defined(text)
        rest = 0.95 * (1 - (t + 1) / scale)
        values["a14_"] = (0.95 - rest) / (0.05 + rest)
        assert rates[t] == pytest.approx(base[t] * eval(in_python(po.describe_schedule(name).equation), values), 1e-9)


def defined(text: str) -> dict[str, Any]:
    """A function from ``f(x) = formula``."""
    name, formula = text.split("(x) = ")
    code = re.sub(r"\|x\|", "abs(x)", formula).replace("^", "**")
    return {name: eval(f"lambda x: {code}", {"exp": math.exp, "tanh": math.tanh})}


def in_python(equation: str) -> str:
    """The equation with products and powers as Python writes them."""
    text = equation.replace("a14'", "a14_").replace("^", "**")
    return re.sub(r"(?<=[\w)]) (?=[a-z])", " * ", text)
