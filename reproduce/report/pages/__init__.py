"""The pages of a checkout that are written by program: ``make pages`` writes them all."""

from pathlib import Path

#: The checkout.
ROOT = Path(__file__).resolve().parents[3]
ARTIFACT = ROOT / "artifact"
