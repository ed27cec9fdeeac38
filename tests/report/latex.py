"""LaTeX's word on tables: whether a document of them compiles."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from reproduce.report.latex import to_latex
from reproduce.report.table import Table

NEEDS_PDFLATEX = pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no pdflatex here")


def require_compiles(tables: Sequence[Table], folder: Path) -> str:
    """Compile a document with every table on a page of its own, 10 points on 16 cm; returns what LaTeX says.

    Twice, since the widths of a table of several pages are known the second time.
    """
    preamble = r"\documentclass{article}\usepackage[T1]{fontenc}\usepackage{amsmath,array,booktabs,longtable}"
    preamble += r"\setlength{\textwidth}{16cm}\begin{document}"
    body = "\n".join(to_latex(table) + r"\clearpage" for table in tables)
    (folder / "main.tex").write_text(f"{preamble}\n{body}\n\\end{{document}}\n", encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "main"]
    for _ in range(2):
        run = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)
        assert run.returncode == 0, run.stdout[-2000:]
    assert "Float too large" not in run.stdout
    return run.stdout
