"""Rates in the tutorials are the catalog's: the one to begin with, or a third of it without batch normalisation."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from paper_optimizers import describe, names
from tests.docs.pages import ROOT, blocks

TUTORIALS = sorted((ROOT / "docs" / "tutorials").glob("*.md"))
#: What makes an optimizer by its class or function, and by its name.
BY_CALL = {call: name for name in names() for call in (name, name.lower())}
BY_NAME = ("create", "GraphOptimizer", "graph_optimizer")


class Made(NamedTuple):
    """An optimizer of the catalog that an example makes."""

    name: str
    rate: float
    is_peak: bool


def made(code: str) -> Iterator[Made]:
    """The optimizers that code makes with a number as their rate."""
    for node in ast.walk(ast.parse(code)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        constants = [each.value for each in node.args if isinstance(each, ast.Constant)]
        named = [each for each in constants if each in names()] if node.func.id in BY_NAME else []
        name = named[0] if named else BY_CALL.get(node.func.id)
        given = {each.arg: each.value for each in node.keywords}
        rates = [each.value for key in ("learning_rate", "lr") if isinstance(each := given.get(key), ast.Constant)]
        rates += [each for each in constants if isinstance(each, int | float)]
        if name is not None and rates:
            yield Made(name, float(rates[0]), "warmup_steps" in given)


def test_examples_are_read() -> None:
    code = (
        'Opt9(learning_rate=0.2, total_steps=9, warmup_steps=1)\nopt1(3, total_steps=9)\ncreate("Lion", model, lr=1)\n'
    )
    assert list(made(code)) == [Made("Opt9", 0.2, True), Made("Opt1", 3.0, False), Made("Lion", 1.0, False)]


@pytest.mark.parametrize("page", TUTORIALS, ids=lambda page: page.name)
def test_rates_are_those_to_begin_with(page: Path) -> None:
    for block in blocks(page):
        for each in made(block.text) if block.language == "python" else ():
            first = describe(each.name).first_rate
            assert first is not None
            if each.is_peak:
                assert each.rate in (first, float(f"{first / 3:.1g}")), each
            else:  # A constant rate has to be lower.
                assert each.rate < first, each
