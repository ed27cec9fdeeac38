import re
from pathlib import Path

import pytest

from reproduce.errors import ReproduceError
from reproduce.report.style import (
    FORMATS,
    LINES,
    Picture,
    lines_by_row,
    new_figure,
    panels,
    picture,
    set_title,
    styled,
    wrapped,
    write_pictures,
)


def drawing() -> Picture:
    def draw():
        figure = new_figure(3, 2)
        axes = figure.add_subplot()
        for number, look in enumerate(LINES):
            axes.plot([0, 1], [number, 0], color=look.color, linestyle=look.dashes, marker=look.marker, label="Ünï")
        axes.set_xlabel("$x^2$")
        return figure

    return picture("a_line", "A line of $2 and a name with ñ, n = 1", "It falls.", draw)


@pytest.fixture(scope="module")
def forms() -> dict[str, bytes]:
    return drawing().render(tuple(FORMATS))


def test_same_bytes_and_no_dates(forms: dict[str, bytes]) -> None:
    assert drawing().render(tuple(FORMATS)) == forms
    for data in forms.values():
        assert not re.search(rb"<dc:date>|/CreationDate|/ModDate|tIME|[Mm]atplotlib v", data)


def test_one_format_is_the_same_alone_and_among_others() -> None:
    """The layout, which makes room for a heading and a colour bar, does not depend on the formats."""

    def draw():
        figure = new_figure(6, 3)
        left, right = figure.subplots(1, 2)
        figure.colorbar(left.imshow([[0, 1], [1, 0]]), ax=left, label="colour")
        right.plot([0, 1e6], [0, 1], label="a line")
        right.legend()
        return figure

    shown = picture("two", "A heading of several lines " * 4, "", draw)
    together = shown.render(tuple(FORMATS))
    assert {each: shown.render([each])[each] for each in FORMATS} == together


def test_n_is_not_parted_from_its_number() -> None:
    for words in range(1, 12):
        with styled():
            figure = new_figure(3, 2)
            set_title(figure, "word " * words + "n = 5, " + "word " * words)
        lines = figure.get_suptitle().replace("\N{NO-BREAK SPACE}", " ").split("\n")
        assert sum("n = 5" in line for line in lines) == 1


def test_the_pdf_embeds_its_font_and_the_svg_needs_none(forms: dict[str, bytes]) -> None:
    assert b"/FontFile2" in forms["pdf"]
    assert b"/Type3" not in forms["pdf"]
    assert b"<text" not in forms["svg"]
    assert forms["png"].startswith(b"\x89PNG")


def test_lines_and_bars_are_told_apart_without_colour() -> None:
    assert len({str(line.dashes) for line in LINES}) == len(LINES)
    assert len({line.marker for line in LINES}) == len(LINES)
    assert len({line.hatch for line in LINES}) == len(LINES)


def test_the_users_own_settings_change_nothing_and_are_not_changed(forms: dict[str, bytes]) -> None:
    import matplotlib as mpl

    with mpl.rc_context({"font.size": 30, "axes.facecolor": "red"}):
        before = dict(mpl.rcParams)
        assert drawing().render(["svg"])["svg"] == forms["svg"]
        assert dict(mpl.rcParams) == before


def test_files_are_written_in_every_format(tmp_path: Path, forms: dict[str, bytes]) -> None:
    written = write_pictures([drawing()], tmp_path / "figures")
    assert [path.name for path in written] == [f"a_line.{suffix}" for suffix in FORMATS]
    assert {path.suffix[1:]: path.read_bytes() for path in written} == forms


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "figures").write_text("a file")
    with pytest.raises(ReproduceError, match="figures"):
        write_pictures([drawing()], tmp_path / "figures")


@pytest.mark.parametrize(("count", "shown"), [(0, 1), (1, 1), (4, 4), (5, 5)])
def test_panels(count: int, shown: int) -> None:
    with styled():
        figure, axes = panels(["Ünï $x$"] * count, columns=4)
    assert len(axes) == len(figure.axes) == shown


def test_rows_of_panels_are_as_high_as_their_own_headings_ask_for() -> None:
    titles = ["a heading that needs several lines " * 3, "short", "short", "short", "short"]
    assert lines_by_row(["one\ntwo\nthree", "one", "one", "one"], 2) == [3, 1]
    with styled():
        figure, axes = panels(titles, columns=2)
        plain, _ = panels(["short"] * 5, columns=2)
    width, height = figure.get_size_inches()
    places = [each.get_position() for each in axes]
    assert all(place.height * height == pytest.approx(1.05) for place in places)
    assert len({round(place.width * width, 6) for place in places}) == 1
    rows = [(place.y0 * height, place.y1 * height) for place in places[::2]]
    first, second = (rows[number][0] - rows[number + 1][1] for number in range(2))
    assert first == pytest.approx(second)  # Between rows with short headings, as between all of the plain figure.
    lines = lines_by_row([wrapped(titles[0], width / 2)], 1)[0]
    assert height == pytest.approx(plain.get_figheight() + 0.12 * (lines - 1))
    assert 0.2 < first < 0.5


def test_the_caption_is_title_and_reading() -> None:
    assert drawing().caption == "A line of $2 and a name with ñ, n = 1. It falls."
    assert Picture("a", "Title", "", lambda formats: {}).caption == "Title."
