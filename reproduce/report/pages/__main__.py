"""Write every generated page of the READMEs, artifact/ and docs/, the catalog's rates, and the schema."""

from paper_optimizers import schema
from reproduce.files import write_bytes
from reproduce.report.pages import (
    ROOT,
    choose,
    comparison,
    compute,
    environment,
    guide,
    rates,
    readme,
    reference,
    replays,
    reproduction,
    results,
    tables,
    words,
)


def written() -> dict[str, bytes]:
    """Every generated file, by its path in the checkout."""
    texts = {
        "README.md": readme.page(),
        "artifact/README.md": guide.artifact_readme(),
        "docs/catalog.md": tables.catalog_page(),
        "docs/choose.md": choose.page(),
        "docs/tutorials/published_log.md": replays.page(),
        "docs/tutorials/spec.md": words.page(),
        "docs/comparison.md": comparison.page(),
        "docs/reference/optimizers.md": reference.page(),
        "artifact/REPORT.md": reproduction.page(),
        "artifact/COMPUTE.md": compute.page(),
        "artifact/ENVIRONMENT.md": environment.page(),
        schema.PATH.relative_to(ROOT).as_posix(): schema.schema_text(),
    }
    return {path: text.encode() for path, text in texts.items()} | rates.files() | results.files()


def main() -> None:
    """Write them, and remove tables and figures that no page has any more."""
    files = written()
    for path, data in files.items():
        write_bytes(ROOT / path, data)
    for path in results.kept() - set(files):
        (ROOT / path).unlink()


if __name__ == "__main__":
    main()
