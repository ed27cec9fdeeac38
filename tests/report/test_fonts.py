import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from reproduce.report.fonts import FAMILIES
from reproduce.report.style import new_figure, render, styled

ROOT = Path(__file__).resolve().parents[2]
TEXT = "AVATAR, Ünï Ψ Кот − ≈ ± × ≤ → ∞ 'n = 5'"


def drawn(text: str, suffix: str, families: Any = FAMILIES) -> bytes:
    import matplotlib as mpl

    with styled(), mpl.rc_context({"font.family": list(families)}):
        figure = new_figure(5, 1)
        figure.text(0.02, 0.6, text)
        figure.text(0.02, 0.2, text, fontweight="bold")
        return render(figure, [suffix])[suffix]


def fonts(pdf: bytes) -> list[str]:
    """One for each that is embedded."""
    return sorted(name.decode() for name in re.findall(rb"/FontName /[A-Z]{6}\+([\w-]+)", pdf))


def test_it_looks_as_the_whole_font_does() -> None:
    assert drawn(TEXT, "png") == drawn(TEXT, "png", FAMILIES[1:])


def test_it_is_what_is_embedded() -> None:
    assert set(fonts(drawn(TEXT, "pdf"))) == {"FigureSans", "FigureSans-Bold"}


def test_ligatures_which_would_be_a_font_of_their_own_are_not_used() -> None:
    assert fonts(drawn("fine flat offset profiles", "pdf")) == ["FigureSans", "FigureSans-Bold"]


def test_what_it_lacks_is_taken_from_the_whole_font() -> None:
    georgian = "ქართული"
    assert drawn(georgian, "png") == drawn(georgian, "png", FAMILIES[1:])
    assert "DejaVuSans" in fonts(drawn(georgian, "pdf"))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked here")
def test_a_child_that_ends_leaves_them_to_its_parent() -> None:
    program = """
import os, sys
from matplotlib import font_manager
from reproduce.report.fonts import register_fonts

register_fonts()
if not (child := os.fork()):
    sys.exit()
os.waitpid(child, 0)
path = font_manager.findfont("Figure Sans", fallback_to_default=False)
assert os.path.exists(path)
print(os.path.dirname(path))
"""
    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not Path(ended.stdout.strip()).exists()
