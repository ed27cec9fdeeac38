"""Drawing into files needs no display back end, whatever the environment and the user's settings name for one."""

import ast
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from paper_optimizers.catalog import get
from reproduce.report.figures.graphs import optimizer_graph
from tests.test_rooms import modules

pytest.importorskip("matplotlib", reason="matplotlib, the extra 'draw', is not installed")

#: Draws a figure of the report in each format; says what came of it, and which back end matplotlib was left with.
PROGRAM = """
import hashlib, sys
from paper_optimizers.catalog import get
from reproduce.report.figures.graphs import optimizer_graph

for name, data in optimizer_graph("A1", get("A1")).render(["svg", "pdf", "png"]).items():
    print(hashlib.md5(data).hexdigest())
import matplotlib
print(dict.get(matplotlib.rcParams, "backend"), "matplotlib.pyplot" in sys.modules)
"""


def drawn_under(back_end: str, folder: Path) -> list[str]:
    """The output of `PROGRAM` where the environment names this back end, and a settings file asks for LaTeX."""
    (folder / "matplotlibrc").write_text("text.usetex: True\nfont.size: 30\nfigure.dpi: 20\n", encoding="utf-8")
    environment = os.environ | {"MPLBACKEND": back_end, "MATPLOTLIBRC": str(folder)}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.splitlines()


def test_figures_are_the_same_under_a_back_end_that_is_not_installed(tmp_path: Path) -> None:
    files = optimizer_graph("A1", get("A1")).render(["svg", "pdf", "png"])
    *found, last = drawn_under("module://matplotlib_inline.backend_inline", tmp_path)
    assert found == [hashlib.md5(data).hexdigest() for data in files.values()]
    assert last.endswith(" False")


def test_a_back_end_that_can_be_had_is_left_to_the_user(tmp_path: Path) -> None:
    assert drawn_under("module://of.the.user", tmp_path)[-1] == "module://of.the.user False"


def test_nothing_is_drawn_with_pyplot() -> None:
    for name, path in modules().items():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
            assert not {"pyplot", "matplotlib.pyplot", "pylab"} & set(names), name
            assert not (isinstance(node, ast.ImportFrom) and node.module == "matplotlib.pyplot"), name
