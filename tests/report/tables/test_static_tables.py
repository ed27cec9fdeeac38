import re
from pathlib import Path

import numpy as np
import pytest

from paper_optimizers import from_text, names, schedule_names
from paper_optimizers.curves import numpy_progress
from paper_optimizers.graph import Graph, Node
from paper_optimizers.namespaces import NUMPY
from paper_optimizers.program import evaluate_graph
from reproduce.report.forms import FORMS
from reproduce.report.html import to_html
from reproduce.report.table import Table
from reproduce.report.tables.equations import catalog_tables, schedule_table
from reproduce.report.tables.primitives import (
    DEFINITIONS,
    binary_table,
    curve_table,
    decay_binary_table,
    decay_unary_table,
    operand_table,
    primitive_tables,
    unary_table,
)
from reproduce.search import published_space
from tests.paper_optimizers import equations
from tests.report.latex import NEEDS_PDFLATEX, require_compiles

STATIC = [*primitive_tables(), *catalog_tables()]


@pytest.mark.parametrize(
    ("table", "primitives"),
    [
        (operand_table(), published_space.OPERANDS),
        (unary_table(), published_space.UNARY),
        (binary_table(), published_space.BINARY),
        (curve_table(), published_space.DECAY_CURVES),
        (decay_unary_table(), published_space.DECAY_UNARY),
        (decay_binary_table(), published_space.DECAY_BINARY),
    ],
    ids=lambda value: value.name if isinstance(value, Table) else "",
)
def test_every_primitive_has_its_line(table: Table, primitives: tuple[published_space.Primitive, ...]) -> None:
    lines = list(table.lines())
    assert len(lines) == len(primitives)
    specs = [
        next(cell.text for cell in line if cell.text.startswith(each.op))
        for line, each in zip(lines, primitives, strict=True)
    ]
    assert len(set(specs)) == len(primitives)


@pytest.mark.parametrize("line", list(operand_table().lines()), ids=lambda line: line[1].text)
def test_the_text_of_an_operand_reads_back(line) -> None:
    primitive = published_space.OPERANDS[line[0].value - 1]
    graph = from_text(f"None ~ {line[1].text}").update
    assert graph == Graph((Node(graph.root, primitive.op, (), dict(primitive.params)),), graph.root, "update")


@pytest.mark.parametrize(
    ("table", "primitives"),
    [(unary_table(), published_space.UNARY), (binary_table(), published_space.BINARY)],
    ids=["unary", "binary"],
)
def test_the_text_of_a_function_reads_back(table: Table, primitives: tuple[published_space.Primitive, ...]) -> None:
    for line, primitive in zip(table.lines(), primitives, strict=True):
        text = re.sub(r"\bb\b", "v hat", re.sub(r"\b[ax]\b", "g", line[1].text))
        node = from_text(f"None ~ {text}").update.active()[-1]
        assert (node.op, dict(node.params)) == (primitive.op, dict(primitive.params))


def test_the_definitions_of_curves_are_what_the_curves_compute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(equations.FUNCTIONS, "cos", np.cos)
    total = 40
    for step in (0, 7, 20, 33, 39):
        known = {"tau": step / total, "rho": (2 * step % total) / total, "pi": np.pi}
        known["b"] = 0.95 * (1 - (step + 1) / total)
        known["a13"] = known["b"] / (0.05 + known["b"])
        for name, (text, _) in DEFINITIONS.items():
            value = evaluate_graph(
                from_text(f"None{{factor=[{name}]}} ~ g").schedule, NUMPY, numpy_progress(np.array(step), total)
            )
            assert equations.evaluate(text, known) == pytest.approx(float(value), abs=1e-12), name


def test_the_latex_of_curves_is_their_text() -> None:
    for name, (text, latex) in DEFINITIONS.items():
        read = latex.replace("}{", "/").replace("0.01^{\\tau}", "exp(tau ln(0.01))").replace("a_{13}", "a13")
        read = re.sub(r"\\frac|\\left|\\right|[\\\\{}() ]", "", read)
        assert read == re.sub("[() ]", "", text), name


def test_values_of_curves_are_computed() -> None:
    values = {line[0].text: [cell.text for cell in line[3:]] for line in curve_table().lines()}
    assert values["a1"] == ["1.000", "0.500", "0.010"]
    assert values["a9"] == ["1.000", "1.000", "0.020"]
    assert values["a13"][2] == "0.000"


def test_every_optimizer_and_schedule_has_its_line() -> None:
    listed = [line[0].text for table in catalog_tables() for line in table.lines()]
    assert sorted(listed) == sorted([*names(), *schedule_names()])
    assert [line[0].text for line in schedule_table().lines()] == list(schedule_names())
    opt4 = next(line for table in catalog_tables() for line in table.lines() if line[0].text == "Opt4")
    assert opt4[3].text == "LR1"
    assert opt4[1].latex is not None


@pytest.mark.parametrize("table", STATIC, ids=lambda table: table.name)
def test_every_form_is_made_twice_alike(table: Table) -> None:
    for suffix, form in FORMS.items():
        text = form(table)
        assert text == form(table)
        assert len(text) > 100, suffix
    markdown = FORMS[".md"](table).split("\n\n", 1)[1].strip().replace("\\|", "")
    assert len({line.count("|") for line in markdown.split("\n")}) == 1
    assert "<math" in to_html(table, mathematics=True)


@NEEDS_PDFLATEX
def test_the_latex_compiles(tmp_path: Path) -> None:
    require_compiles(STATIC, tmp_path)
