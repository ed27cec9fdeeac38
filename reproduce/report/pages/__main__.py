"""Write every generated page: tables of both READMEs, artifact/COMPUTE, ENVIRONMENT and RESULTS, and the schema."""

from paper_optimizers import schema
from reproduce.files import write_bytes
from reproduce.report.pages import ROOT, compute, environment, results, tables


def written() -> dict[str, bytes]:
    """Every generated file, by its path in the checkout."""
    texts = {
        "README.md": tables.readme(),
        "artifact/README.md": tables.artifact_readme(),
        "artifact/COMPUTE.md": compute.page(),
        "artifact/ENVIRONMENT.md": environment.page(),
        schema.PATH.relative_to(ROOT).as_posix(): schema.schema_text(),
    }
    return {path: text.encode() for path, text in texts.items()} | results.files()


def main() -> None:
    """Write them, and remove tables and figures that no page has any more."""
    files = written()
    for path, data in files.items():
        write_bytes(ROOT / path, data)
    for path in results.kept() - set(files):
        (ROOT / path).unlink()


if __name__ == "__main__":
    main()
