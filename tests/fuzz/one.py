"""Fuzzes one reader until libFuzzer ends it: ``python -m tests.fuzz.one READER FOLDER -max_total_time=60 ...``."""

import sys
from pathlib import Path

import atheris

#: Our readers, and of what they are built on the parts that are written in Python.
_INSTRUMENTED = ["paper_optimizers", "reproduce", "tomllib", "tarfile", "zipfile", "numpy.lib", "PIL"]

with atheris.instrument_imports(include=_INSTRUMENTED):
    from tests.fuzz.readers import READERS, Reader


def write_seeds(reader: Reader, folder: Path) -> None:
    """The reader's own seeds, where the folder is empty."""
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        return
    for number, seed in enumerate(reader.seeds()):
        (folder / f"seed-{number}").write_bytes(seed)


def main() -> None:
    """Fuzz the reader that the command line names."""
    name, folder, *options = sys.argv[1:]
    reader = READERS[name]
    write_seeds(reader, Path(folder))

    def harness(data: bytes) -> None:
        reader.accepts(data)

    atheris.Setup([sys.argv[0], folder, f"-max_len={reader.longest}", "-timeout=10", *options], harness)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
