import base64
import dataclasses
import gzip
import json
import re
import shutil
import subprocess
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path

import pytest

from reproduce.report.html import svg_size
from reproduce.report.page.page import build_page
from reproduce.report.page.report import RESULTS, Report, report_of
from reproduce.report.page.search import SearchResults
from reproduce.report.table import Cell, Column, Section, Source, Table, marked, missing, percent, words
from reproduce.study.rows import Row
from tests.report.figure_cases import cost_of, diverged, measured, results_of, study

HOSTILE = "Ünï|_&%$#{}~^\\ <b>\"'"
ROWS = [
    diverged(row, 2) if row.optimizer == "SGD" and row.seed == 1 else row
    for row in study(("Opt7", "Adam", HOSTILE, "SGD"))
]
_VOID = frozenset(("meta", "img", "br", "link"))
BROWSER = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)


def table() -> Table:
    lines = tuple(
        (
            words(name),
            marked(
                percent(0.1 * number, source=Source("main", "digits", name, "final")), "best" if number == 3 else None
            ),
            Cell(f"{number} to 9"),
            missing(),
        )
        for number, name in enumerate(("Opt7", "Adam", HOSTILE, "SGD", "Absent"))
    )
    columns = (
        Column("Optimizer", "optimizer"),
        Column("Test %", "test", numeric=True),
        Column("Interval", "", numeric=True),
        Column("More", "more", numeric=True),
    )
    return Table("main", "Main results", f"Profile tiny, n = 3, {HOSTILE}.", columns, (Section("digits", lines),))


def report(rows: Sequence[Row]) -> Report:
    """All that is made of these rows, with tables of our own."""
    found = measured(results_of(rows), step_costs=cost_of("Opt7", 0.1, 1.0, HOSTILE))
    tables = {RESULTS: [table()], "Of its own": [dataclasses.replace(table(), name="own")]}
    return dataclasses.replace(report_of(found, [], SearchResults((), ())), tables=tables)


class Document(HTMLParser):
    """Elements in order, and whether every one that is opened is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def page() -> str:
    return build_page(report(ROWS))


@pytest.fixture(scope="module")
def document(page: str) -> Document:
    return Document(page)


def test_every_element_is_closed_and_every_id_is_its_own(document: Document) -> None:
    assert document.open == []
    ids = [attributes["id"] for _, attributes in document.elements if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_every_link_leads_somewhere_on_the_page(document: Document) -> None:
    ids = {attributes["id"] for _, attributes in document.elements if "id" in attributes}
    targets = [attributes["href"] for attributes in document.all("a")]
    assert targets
    assert all(target.startswith("#") and target[1:] in ids for target in targets)


def test_nothing_is_loaded_from_anywhere(page: str, document: Document) -> None:
    images = document.all("img")
    assert all("src" not in image for image in images)
    assert all(gzip.decompress(base64.b64decode(image["data-svg"])).startswith(b"<?xml") for image in images)
    assert not document.all("link")
    assert all("src" not in script for script in document.all("script"))
    assert "default-src 'none'" in document.all("meta")[1]["content"]
    style = page[page.index("<style>") : page.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style


def test_numbers_link_to_their_runs(page: str) -> None:
    target = re.search(r'<a href="#(runs-\d+)">20\.0</a>', page)
    body = page[page.index(f'<tbody id="{target[1]}"') :]
    assert "at the chosen rate" in body[:400]
    assert "Ünï" in body[:400]
    assert "40.0</" in page
    assert ">40.0</a>" not in page  # Nothing was run of it.
    # What has no runs of its own points to those of its line; words do not.
    assert f'<a href="#{target[1]}">2 to 9</a>' in page
    assert ">4 to 9</td>" in page
    assert ">not run</td>" in page


def test_names_are_text_and_never_markup(document: Document) -> None:
    assert "b" not in {tag for tag, _ in document.elements}
    assert f"Profile tiny, n = 3, {HOSTILE}." in document.text


def test_it_can_be_read_without_eyes_or_mouse(document: Document) -> None:
    (language,) = document.all("html")
    assert language["lang"] == "en"
    assert [len(document.all(tag)) for tag in ("main", "header", "nav", "h1")] == [1, 1, 1, 1]
    assert document.all("a")[0] == {"class": "skip", "href": "#main"}
    assert all(image["alt"] for image in document.all("img"))
    assert all(head["scope"] in ("col", "row", "rowgroup") for head in document.all("th"))
    assert len(document.all("caption")) == len(document.all("table"))
    assert all(part["aria-labelledby"] for part in document.all("section"))
    assert all(
        box["tabindex"] == "0" and box["aria-label"] for box in document.all("div") if box.get("role") == "region"
    )


def test_every_run_is_listed(document: Document) -> None:
    assert sum(text.startswith("diverged at step") for text in document.text) == 1
    assert "main, digits: 28 runs" in document.text
    headings = [text for text in document.text if text.endswith("; a processor; tensorflow, float32")]
    assert len(headings) == len({(row.optimizer, row.phase) for row in ROWS})


def test_it_says_where_the_numbers_come_from(document: Document) -> None:
    assert any(
        text.startswith(
            "Profile tiny: 28 runs of 4 optimizers on 1 task in 1 study (main), 1 of them diverged, 0.0 hours"
        )
        for text in document.text
    )


def test_figures_are_numbered_in_order_and_named_in_the_contents(page: str) -> None:
    numbers = [int(number) for number in re.findall(r"<strong>Figure (\d+)\.</strong>", page)]
    assert numbers == list(range(1, len(numbers) + 1))
    listed = re.findall(r'<li><a href="#figure-([^"]+)">Figure: ([^<]+)</a></li>', page)
    assert len(listed) == len(numbers)
    assert all(words == name.replace("_", " ") for name, words in listed)


def test_a_summary_stands_on_top(page: str, document: Document) -> None:
    assert page.index('id="summary"') < page.index('id="results"')
    assert any(text.startswith("The paper's optimizers, better than Adam, task by task: ") for text in document.text)
    assert page.index('id="figure-answer"') < page.index('id="figure-accuracy_main"')


def test_verdicts_have_a_mark_and_their_word() -> None:
    verdicts = ("SUPPORTED", "CONTRADICTED", "EQUIVALENT", "UNDECIDED", "NOT RUN")
    lines = tuple((words(verdict), words("of it")) for verdict in verdicts)
    columns = (Column("Verdict", "verdict"), Column("Claim", "claim"))
    shown = build_page(Report("tiny", tables={RESULTS: [Table("verdicts", "V", "C.", columns, (Section("", lines),))]}))
    for verdict in verdicts:
        assert f'<span class="verdict {verdict.lower().replace(" ", "-")}">{verdict}</span>' in shown
        assert f".{verdict.lower().replace(' ', '-')}::before {{ content" in shown


def test_same_inputs_same_page(page: str) -> None:
    assert build_page(report(list(ROWS))) == page


def test_a_page_of_nothing() -> None:
    text = build_page(Report("tiny", tables={RESULTS: [Table("empty", "Empty", "Nothing.", (), ())]}))
    document = Document(text)
    assert document.open == []
    assert "Profile tiny. Nothing has been run." in document.text
    assert {"Empty", "Nothing.", "Not run."} <= set(document.text)


def test_the_size_of_an_svg_file_is_read_or_missed() -> None:
    assert svg_size(b'<?xml?><svg a="1" width="72pt" height="36.0pt" viewBox="0 0 1 1"></svg>') == (96, 48)
    with pytest.raises(ValueError, match="in points"):
        svg_size(b'<svg width="72px"></svg>')


@pytest.mark.skipif(BROWSER is None, reason="no Chromium here")
def test_a_browser_runs_the_page(page: str, tmp_path: Path) -> None:
    """The script sorts a table by its last column, and opens the section that the address points into."""
    clicks = (
        "<script>document.querySelectorAll('#table-main thead button')[1].click();"
        "document.querySelectorAll('#table-main thead button')[1].click();</script></body>"
    )
    shown = in_browser(page.replace("</body>", clicks), tmp_path, "#runs-1")
    main = shown[shown.index('id="table-main"') :]
    main = main[: main.index("</table>")]
    assert re.findall(r'data-value="([\d.]+)"', main) == sorted(
        re.findall(r'data-value="([\d.]+)"', main), reverse=True
    )
    assert 'aria-sort="descending"' in main
    assert '<details class="runs" open="">' in shown
    assert shown.count('src="blob:') == shown.count("data-svg=") > 0


@pytest.mark.skipif(BROWSER is None, reason="no Chromium here")
def test_names_stay_in_sight_where_a_wide_table_is_moved(page: str, tmp_path: Path) -> None:
    """Where there is little room, the first column is where it was when the table is moved to its end."""
    moved = """<script>addEventListener('load', () => {
      const table = document.getElementById('table-main');
      const place = element => Math.round(element.getBoundingClientRect().left);
      const heads = ['thead th', 'tbody tr:not(.section) th', 'thead th:last-child'];
      const all = heads.map(each => table.querySelector(each));
      table.closest('.scroll').style.width = '250px';
      const before = all.map(place);
      table.closest('.scroll').scrollLeft = 1e4;
      document.title = JSON.stringify([before, all.map(place)]);
    })</script></body>"""
    shown = in_browser(page.replace("</body>", moved), tmp_path, "")
    (title,) = re.findall("<title>(.*?)</title>", shown)
    (head, name, last), after = json.loads(title)
    assert after[:2] == [head, name]
    assert after[2] < last


@pytest.mark.skipif(BROWSER is None, reason="no Chromium here")
def test_headings_of_runs_move_with_their_columns(page: str, tmp_path: Path) -> None:
    """Runs have no names: a first heading that stayed would stand over another column."""
    moved = """<script>addEventListener('load', () => {
      const runs = document.querySelector('details.runs'), box = runs.querySelector('.scroll');
      runs.open = true;
      box.style.width = '250px';
      box.scrollLeft = 150;
      const all = ['thead th', 'tbody tr:not(.section) td'].map(each => box.querySelector(each));
      const places = all.map(each => Math.round(each.getBoundingClientRect().left));
      document.title = JSON.stringify([box.scrollLeft, ...places]);
    })</script></body>"""
    (title,) = re.findall("<title>(.*?)</title>", in_browser(page.replace("</body>", moved), tmp_path, ""))
    scrolled, heading, cell = json.loads(title)
    assert scrolled > 100
    assert heading == cell


def in_browser(page: str, folder: Path, place: str) -> str:
    """The document as Chromium has it when the page has been loaded and its scripts have run."""
    path = folder / "report.html"
    path.write_text(page)
    options = [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--virtual-time-budget=9000",
        f"--user-data-dir={folder}",
    ]
    command = [str(BROWSER), *options, "--dump-dom", f"{path.as_uri()}{place}"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
