"""The docstrings of the classes at every door are true, and their examples run."""

import doctest
import inspect
import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import paper_optimizers as po
from paper_optimizers.curves import CURVES, numpy_progress
from paper_optimizers.docstrings import SYMBOLS, symbols_of
from paper_optimizers.namespaces import NUMPY

NAMES = [name for name in po.names() if po.describe(name).family in ("evolved", "adam-variant")]


def keras_door(name: str) -> Any:
    return getattr(po, name)


def torch_door(name: str) -> Any:
    return getattr(pytest.importorskip("paper_optimizers.torch", exc_type=ImportError), name)


def optax_door(name: str) -> Any:
    return getattr(pytest.importorskip("paper_optimizers.optax", exc_type=ImportError), name.lower())


DOORS = {"Keras": keras_door, "PyTorch": torch_door, "Optax": optax_door}


GRAPH_DOORS = {
    "Keras": lambda: po.GraphOptimizer,
    "PyTorch": lambda: torch_door("GraphOptimizer"),
    "Optax": lambda: pytest.importorskip("paper_optimizers.optax", exc_type=ImportError).graph_optimizer,
}
_ARGUMENT = re.compile(r"^    \*{0,2}(\w+)(?: \([^)]*\))?:", re.MULTILINE)


def arguments_of(text: str) -> set[str]:
    """The arguments that a docstring explains."""
    return set(_ARGUMENT.findall(text))


@pytest.mark.parametrize("find", GRAPH_DOORS.values(), ids=GRAPH_DOORS)
def test_what_runs_any_spec_has_every_part_too(find: Callable[[], Any]) -> None:
    made = find()
    text = inspect.getdoc(made)
    assert set(inspect.signature(made).parameters) <= arguments_of(text)
    symbols = {"eta": "learning_rate", "T": "total_steps", "lambda": "weight_decay", "mu": "momentum"}
    for symbol, argument in symbols.items():
        assert re.search(rf"``{symbol}`` is (``{argument}``|``lr``)", text), symbol
    for part in ("Use it for", "moves each weight by", "shape", "Args:", "Raises:", "Examples:", "References:"):
        assert part in text, part
    (example,) = doctest.DocTestFinder(recurse=False).find(made, "it", module=False, globs={})
    assert len(example.examples) >= 4
    assert doctest.DocTestRunner(verbose=False).run(example).failed == 0


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("find", DOORS.values(), ids=DOORS)
@pytest.mark.parametrize("name", NAMES)
def test_a_docstring_has_every_part_and_its_example_runs(name: str, find: Callable[[str], Any]) -> None:
    entry, made = po.describe(name), find(name)
    text = inspect.getdoc(made)
    words = " ".join(text.split())
    assert text.startswith(f"{name}: u = {entry.equation}.\n")
    for part in (entry.description, *(need.text for need in entry.needs), *(each.text for each in entry.rates)):
        assert part in words
    assert ("``T`` is ``total_steps``" in text) == entry.spec.needs_total_steps
    assert ("mu m - eta u" in text.partition("Deviations")[0]) == (entry.spec.momentum.type == "nesterov")
    assert ("the factor of LR1" in text) == (entry.spec.schedule is not None)
    assert "or a third of that or less without batch normalisation, with ``warmup_steps``" in words
    assert "\n    spec" not in text
    assert max(map(len, text.splitlines())) <= 120
    assert set(inspect.signature(made).parameters) - {"arguments"} <= arguments_of(text)
    (example,) = doctest.DocTestFinder(recurse=False).find(made, name, module=False, globs={})
    assert len(example.examples) >= 2
    assert doctest.DocTestRunner(verbose=False).run(example).failed == 0


@pytest.mark.parametrize("name", NAMES)
def test_an_example_clips_gradients_where_the_optimizer_needs_it(name: str) -> None:
    clips = {"Keras": "clipnorm=1)", "PyTorch": "clip_grad_norm_(", "Optax": "optax.clip_by_global_norm(1.0), "}
    for door, clip in clips.items():
        example = inspect.getdoc(DOORS[door](name)).partition("Examples:\n")[2]
        assert (clip in example) == (name in ("Opt4", "Opt5"))


@pytest.mark.parametrize("name", NAMES)
def test_every_symbol_of_an_equation_is_explained(name: str) -> None:
    known = {"g", "w", "abs", "arcsinh", "arctan", "erfc", "exp", "ln", "max", "sqrt", "tanh", "e"}
    equation = po.describe(name).equation
    tokens = set(re.findall(r"lam\^|[vs]\^|[A-Za-z]\w*", equation))
    assert tokens - known - set(symbols_of(equation)) == set()


@pytest.mark.parametrize("symbol", [symbol for symbol in SYMBOLS if re.fullmatch(r"a\d+", symbol) and symbol != "a13"])
def test_a_curve_s_text_is_the_curve(symbol: str) -> None:
    curve = next(each for each in CURVES.values() if symbol in each.notation)
    defaults = {key: each.default for key, each in curve.parameters.items()}
    for t in range(10):
        told = eval(SYMBOLS[symbol], {"t": t, "T": 10, "pi": math.pi, "cos": math.cos})
        np.testing.assert_allclose(curve.compute(NUMPY, numpy_progress(t, 10), **defaults), told, atol=1e-12)
