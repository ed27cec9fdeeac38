"""The tables and figures that are kept are those of the kept rows, byte for byte."""

import re
from pathlib import Path

import pytest

from reproduce.report.collection import profiles_in
from reproduce.report.page.writer import read_reports
from reproduce.report.pages import ARTIFACT, ROOT
from reproduce.report.pages.results import FIGURES, TABLES, files, kept
from tests.report.latex import NEEDS_PDFLATEX, require_compiles

AGAIN = "run: make pages"


@pytest.fixture(scope="module")
def rebuilt() -> dict[str, bytes]:
    return files()


def test_they_are_rebuilt_byte_for_byte(rebuilt: dict[str, bytes]) -> None:
    for path, data in rebuilt.items():
        assert (ROOT / path).is_file(), f"{path} is missing; {AGAIN}"
        assert (ROOT / path).read_bytes() == data, f"{path} is not that of the rows; {AGAIN}"


def test_there_are_no_others(rebuilt: dict[str, bytes]) -> None:
    assert kept() == set(rebuilt) - {"artifact/RESULTS.md"}, AGAIN


def test_the_page_shows_each_of_them_and_what_it_names_is_made(rebuilt: dict[str, bytes]) -> None:
    page = rebuilt["artifact/RESULTS.md"].decode()
    assert "the population engine" in page.partition("## Profile")[0]
    prose = [line for line in page.splitlines() if not line.startswith("|")]
    assert not [line for line in prose if re.search(r"\S  +\S|\b1 (?:runs|tasks|optimizers|seeds)\b", line)]
    linked = re.findall(r"\]\((tables/[^)]+|figures/[^)]+)\)", page)
    assert sorted(f"artifact/{path}" for path in linked) == sorted(set(rebuilt) - {"artifact/RESULTS.md"})
    made = {path.rpartition("/")[2].partition(".")[0] for path in rebuilt}
    assert {"main", "rescoring", "elimination", "step_costs", "engine"} <= made
    assert {"accuracy_main", "shrinkage"} <= made
    assert len(set(TABLES)) == len(TABLES)
    assert len(set(FIGURES)) == len(FIGURES)


def test_they_stay_small(rebuilt: dict[str, bytes]) -> None:
    assert sum(map(len, rebuilt.values())) < 1_500_000


@NEEDS_PDFLATEX
def test_the_latex_of_every_table_of_kept_rows_fits_the_page(tmp_path: Path) -> None:
    rows = ARTIFACT / "results"
    for report in read_reports(rows, profiles_in(rows)):
        assert "Overfull" not in require_compiles(report.all_tables, tmp_path)
