"""Coverage-guided fuzzing of the two readers of specs, by hand; pytest does not collect it.

    pip install atheris
    PYTHONPATH=. python tests/fuzz/fuzz_spec.py json corpus/ -max_total_time=300 -max_len=4096
    PYTHONPATH=. python tests/fuzz/fuzz_spec.py text corpus/ -max_total_time=300 -max_len=512

The first argument names the reader, the others are libFuzzer's; an empty corpus folder is filled with seeds first. A
crash is any exception but `SpecError`, an accepted document whose printed form does not read back to it, or an input
that takes longer than ten seconds.
"""

import random
import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["paper_optimizers"]):
    from paper_optimizers.errors import SpecError
    from paper_optimizers.latex import to_latex
    from paper_optimizers.notation import from_text, to_text
    from paper_optimizers.spec import OptimizerSpec

from tests.paper_optimizers.spec_strategies import random_spec

NUM_SEEDS = 300


def fuzz_json(data: bytes) -> None:
    """Read JSON; what is accepted comes back equal, and prints or is refused as too long."""
    try:
        spec = OptimizerSpec.from_json(data)
    except SpecError:
        return
    if OptimizerSpec.from_json(spec.to_json()) != spec:
        raise AssertionError("JSON does not come back")
    try:
        text = to_text(spec)
        to_latex(spec)
    except SpecError:
        return
    if to_text(from_text(text)) != text:
        raise AssertionError("text does not come back")


def fuzz_text(data: bytes) -> None:
    """Read text; what is accepted is printed to a text that is read and printed back as it is."""
    try:
        spec = from_text(data.decode("utf-8", "replace"))
    except SpecError:
        return
    text = to_text(spec)
    if to_text(from_text(text)) != text:
        raise AssertionError("text does not come back")


def write_seeds(folder: Path, reader: str) -> None:
    """Random specs of few nodes, one a file."""
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        return
    for seed in range(NUM_SEEDS):
        spec = random_spec(random.Random(seed), 4)
        (folder / f"seed-{seed}").write_text(spec.to_json() if reader == "json" else to_text(spec), encoding="utf-8")


def main() -> None:
    """Fuzz the reader that the command line names."""
    reader, *arguments = sys.argv[1:]
    folders = [Path(argument) for argument in arguments if not argument.startswith("-")]
    if folders:
        write_seeds(folders[0], reader)
    harness = {"json": fuzz_json, "text": fuzz_text}[reader]
    atheris.Setup([sys.argv[0], "-timeout=10", *arguments], harness)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
