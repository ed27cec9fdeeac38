"""Drawing: a spec's graph as a picture, its layout, and matplotlib without a display."""

from paper_optimizers.draw.picture import FORMATS, draw

__all__ = ["FORMATS", "draw"]
