"""``python -m reproduce``."""

import sys

try:
    from reproduce.cli import main
except ModuleNotFoundError as error:
    if (error.name or "").partition(".")[0] in ("reproduce", "paper_optimizers"):
        raise
    sys.exit(
        f"error: {sys.executable} has no package {error.name!r}: in a checkout run .venv/bin/python -m reproduce, "
        "after make venv; elsewhere pip install 'paper-optimizers[cpu,reproduce]'"
    )

if __name__ == "__main__":
    sys.exit(main())
