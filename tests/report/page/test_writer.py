from pathlib import Path

import pytest

from reproduce.errors import ReproduceError
from reproduce.report.cards.index import all_cards
from reproduce.report.collection import profiles_in
from reproduce.report.page import writer
from reproduce.report.page.page import build_page
from reproduce.report.page.report import RESULTS, Report
from reproduce.report.pages import ARTIFACT
from reproduce.report.style import FORMATS, Picture
from reproduce.report.table import Column, Section, Table, words
from tests.report.figure_cases import measured


@pytest.fixture
def report() -> Report:
    """A report with one table, one figure and one card."""
    svg = b'<svg width="72pt" height="72pt"></svg>'
    picture = Picture("drawn", "Title, n = 1", "It rises", lambda formats: dict.fromkeys(formats, svg))
    table = Table("a_table", "A table", "A caption.", (Column("Name", "name"),), (Section("", ((words("Opt1"),),)),))
    return Report("tiny", (), {RESULTS: [table]}, {RESULTS: [picture]}, all_cards(measured())[:1])


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_everything_is_written_and_the_same_each_time(report: Report, tmp_path: Path) -> None:
    line = writer.write_report(report, tmp_path / "a")
    assert line == (
        f"{tmp_path / 'a' / 'index.html'}: profile tiny, 0 runs; beside it 1 table, 1 figure and 1 optimizer card as "
        "files of their own"
    )
    found = files(tmp_path / "a")
    assert {f"figures/drawn.{suffix}" for suffix in FORMATS} < set(found)
    assert {"index.html", "tables/a_table.csv", "cards/Opt1.md", "figures/captions.md"} < set(found)
    assert found["figures/captions.md"].decode() == (
        "# Figures\n\nProfile tiny. Nothing has been run.\n\n## Results\n\n- `drawn`: Title, n = 1. It rises\n"
    )
    writer.write_report(report, tmp_path / "b")
    assert files(tmp_path / "b") == found


def test_a_folder_that_cannot_be_written_is_named(report: Report, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ReproduceError, match="file"):
        writer.write_report(report, tmp_path / "file")


@pytest.mark.slow
def test_the_page_of_each_kept_profile_stays_small() -> None:
    """A page is one file, figures and all: it must open at once, and go by mail."""
    rows = ARTIFACT / "results"
    for report in writer.read_reports(rows, profiles_in(rows)):
        assert len(build_page(report).encode()) < 4_000_000, report.profile
