"""The fonts of figures: DejaVu Sans, which comes with matplotlib, cut down to the characters that figures are made of.

What a PDF file embeds is cut from the whole font each time, which takes longer than drawing; from these it takes next
to nothing. They keep kerning and no ligatures. Characters that they lack are taken from the whole font.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path

from paper_optimizers.draw.picture import load_matplotlib

#: The family, first of two: where it has no glyph, the second has.
FAMILIES = ("Figure Sans", "DejaVu Sans")
_FILES = ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf")
#: Latin letters with accents, Greek, Cyrillic, punctuation, arrows and mathematical operators.
_CHARACTERS = (*range(0x20, 0x180), *range(0x370, 0x500), *range(0x2000, 0x2070), *range(0x2190, 0x2300))
#: Identifiers of a font's name table that hold its family's name.
_NAMES = (1, 3, 4, 6, 16)


@cache
def register_fonts() -> None:
    """Make the family known to matplotlib; the font files last as long as the process."""
    mpl = load_matplotlib()
    from matplotlib import font_manager

    folder = Path(tempfile.mkdtemp(prefix="figure-fonts-"))
    atexit.register(_remove, folder, os.getpid())
    for name in _FILES:
        path = folder / name
        _cut(Path(mpl.get_data_path()) / "fonts" / "ttf" / name, path)
        font_manager.fontManager.addfont(path)


def _remove(folder: Path, owner: int) -> None:
    if os.getpid() == owner:  # What was forked meanwhile draws with them too, and may end first.
        shutil.rmtree(folder, ignore_errors=True)


def _cut(source: Path, target: Path) -> None:
    """Write the font with the chosen characters alone, under another name as its licence asks of changed fonts."""
    from fontTools import subset

    options = subset.Options(name_IDs=list(_NAMES), notdef_outline=True, legacy_kern=True)
    # When the font was made; then ligatures, and kerning in the form that takes long to read.
    options.drop_tables += ["FFTM", "GDEF", "GPOS", "GSUB"]
    chosen = subset.Subsetter(options)
    chosen.populate(unicodes=_CHARACTERS)
    with subset.load_font(source, options) as font:
        chosen.subset(font)
        for record in font["name"].names:
            record.string = _renamed(_renamed(record.toUnicode(), " "), "")
        font.save(target)


def _renamed(text: str, space: str) -> str:
    """The text with the new family's name, written with these spaces, for the old."""
    new, old = (name.replace(" ", space) for name in FAMILIES)
    return text.replace(old, new)
