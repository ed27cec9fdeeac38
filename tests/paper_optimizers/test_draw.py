"""Pictures: what stands where, equal bytes, formats and errors."""

import os
import random
import re
import subprocess
import sys
from itertools import combinations

import pytest

import paper_optimizers as po
from paper_optimizers import from_text
from paper_optimizers.draw import FORMATS, draw
from paper_optimizers.draw.layout import Link, Size, layout
from paper_optimizers.graph import Edge, Graph, Node
from paper_optimizers.spec import OptimizerSpec
from tests.paper_optimizers.spec_strategies import random_spec

pytest.importorskip("matplotlib", reason="matplotlib, the extra 'draw', is not installed")

NAMES = ["Opt1", "Opt4", "Opt9", "Opt10", "A1", "Adam", "Lion", "AddSign-ld"]
LOGGED = (
    "None ~ (drop([max(a3, a9)][[deriv_soft(a7)][v hat]/(1+|[deriv_soft(a7)][v hat]|)], 0.5)) / (sqrt(1+("
    "clip([deriv_soft(a7)][v hat]/(1+|[deriv_soft(a7)][v hat]|), [(a9)*(a6)][((1-0.95)*g^2+0.95*s hat)]))^2))"
)
SPECS = {name: po.get(name) for name in NAMES} | {"logged": from_text(LOGGED)}
SPECS |= {f"random {seed}": random_spec(random.Random(seed), 12) for seed in range(6)}
MAGIC = {".svg": b"<?xml", ".pdf": b"%PDF", ".png": b"\x89PNG"}


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_picture_is_written_in_the_format_of_its_suffix(tmp_path, suffix):
    path = tmp_path / f"Opt9{suffix}"
    assert SPECS["Opt9"].draw(str(path)) == path
    assert path.read_bytes().startswith(MAGIC[suffix])
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("suffix", FORMATS)
def test_equal_specs_give_equal_bytes(tmp_path, suffix):
    spec = SPECS["Opt9"]
    first = draw(spec, tmp_path / f"a{suffix}").read_bytes()
    again = draw(OptimizerSpec.from_json(spec.to_json()), tmp_path / f"b{suffix}").read_bytes()
    assert first == again


def test_bytes_do_not_depend_on_the_process(tmp_path):
    (tmp_path / "matplotlibrc").write_text("text.usetex: True\nfont.size: 30\nbackend: tkagg\n", encoding="utf-8")
    program = "import sys; from paper_optimizers.catalog import get; get('A1').draw(sys.argv[1])"
    environment = os.environ | {
        "PYTHONHASHSEED": "1",
        "KERAS_BACKEND": "numpy",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "MATPLOTLIBRC": str(tmp_path),
    }
    subprocess.run([sys.executable, "-c", program, str(tmp_path / "a.svg")], check=True, env=environment)
    assert draw(SPECS["A1"], tmp_path / "b.svg").read_bytes() == (tmp_path / "a.svg").read_bytes()


def test_the_files_hold_no_date_and_embed_their_text(tmp_path):
    svg = draw(SPECS["A1"], tmp_path / "a.svg").read_text(encoding="utf-8")
    assert "<dc:date>" not in svg
    assert "<text" not in svg
    pdf = draw(SPECS["A1"], tmp_path / "a.pdf").read_bytes()
    assert b"CreationDate" not in pdf
    assert b"/Type3" not in pdf


def test_nothing_global_is_touched(tmp_path):
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    with mpl.rc_context({"text.color": "red", "font.size": 30.0}):
        changed = draw(SPECS["A1"], tmp_path / "a.svg").read_bytes()
    assert draw(SPECS["A1"], tmp_path / "b.svg").read_bytes() == changed
    assert dict(mpl.rcParams) == before


@pytest.mark.parametrize("name", ["picture", "picture.jpg", "picture.svg.txt"])
def test_another_suffix_is_refused(tmp_path, name):
    with pytest.raises(ValueError, match=r"ends in \.svg, \.pdf, \.png"):
        draw(SPECS["A1"], tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_place_where_no_file_can_lie_is_named(tmp_path):
    (tmp_path / "taken.svg").mkdir()
    for path, error, message in (
        (tmp_path / "no" / "x.svg", FileNotFoundError, f"there is no folder {tmp_path / 'no'}; make it first"),
        (tmp_path / "taken.svg", ValueError, "is a folder; expected the name of a file"),
        (None, ValueError, "received None; expected a path that ends in .svg"),
    ):
        with pytest.raises(error, match=re.escape(message)):
            po.get("SGD").draw(path)


def test_without_matplotlib_the_error_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"pip install 'paper-optimizers\[draw\]'"):
        draw(SPECS["A1"], tmp_path / "a.svg")


def test_a_failed_picture_leaves_the_old_one(tmp_path, monkeypatch):
    from matplotlib.figure import Figure

    path = draw(SPECS["A1"], tmp_path / "a.svg")
    before = path.read_bytes()

    def fail(self, file, **options):
        file.write_text("half a picture")
        raise OSError("no space left")

    monkeypatch.setattr(Figure, "savefig", fail)
    with pytest.raises(OSError, match="no space"):
        draw(SPECS["Opt9"], path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.fixture
def figure_of(monkeypatch, tmp_path):
    """The axes that are drawn for a spec, the size of the picture, and where its texts stand."""
    from matplotlib.figure import Figure

    drawn = []
    save = Figure.savefig

    def keep(self, *arguments, **options):
        axes = self.axes[0]
        drawn.append((axes, self.bbox.frozen(), [text.get_window_extent() for text in axes.texts]))
        save(self, *arguments, **options)

    monkeypatch.setattr(Figure, "savefig", keep)

    def figure(spec):
        draw(spec, tmp_path / "figure.svg")
        return drawn[-1]

    return figure


@pytest.mark.parametrize("name", SPECS)
def test_texts_overlap_neither_each_other_nor_the_edge_of_the_picture(figure_of, name):
    _, page, extents = figure_of(SPECS[name])
    for extent in extents:
        assert page.x0 <= extent.x0 < extent.x1 <= page.x1
        assert page.y0 <= extent.y0 < extent.y1 <= page.y1
    for one, other in combinations(extents, 2):
        assert not one.padded(-0.5).overlaps(other.padded(-0.5))


def test_nodes_are_coloured_by_their_part(figure_of):
    from matplotlib.colors import to_hex
    from matplotlib.patches import FancyBboxPatch

    nodes = (Node("g", "gradient"), Node("h", "exp", (Edge("g"),)), Node("u", "negate", (Edge("h"),)),
             Node("unused", "abs", (Edge("h"),)))  # fmt: skip
    axes, *_ = figure_of(OptimizerSpec(Graph(nodes, "u")))
    boxes = [patch for patch in axes.patches if isinstance(patch, FancyBboxPatch)]
    leaf, hidden, root, inactive = sorted(boxes, key=lambda box: ["g", "h", "u", "unused"][boxes.index(box)])
    assert to_hex(root.get_facecolor()) == "#ffffff"
    assert len({to_hex(box.get_facecolor()) for box in boxes}) == 4
    assert inactive.get_linestyle() != "solid"
    assert leaf.get_y() < hidden.get_y() < inactive.get_y() < root.get_y()


def test_each_decay_function_has_a_panel_and_its_edge_a_name(figure_of):
    texts = [text.get_text() for text in figure_of(SPECS["logged"])[0].texts]
    for number in (1, 2, 3):
        assert f"$d_{{{number}}}$" in texts
        assert sum(text.startswith(f"$d_{{{number}}} =") for text in texts) == 1


def test_a_graph_that_cannot_be_printed_is_still_drawn(figure_of):
    nodes = [Node("n0", "gradient"), *(Node(f"n{i}", "add", (Edge(f"n{i - 1}"),) * 2) for i in range(1, 30))]
    texts = [text.get_text() for text in figure_of(OptimizerSpec(Graph(tuple(nodes), "n29")))[0].texts]
    assert r"$u = \ldots$" in texts


def test_boxes_and_edges_keep_apart():
    source = random.Random(3)
    for _ in range(30):
        names = [f"n{number}" for number in range(source.randint(2, 14))]
        links = [
            Link(source.choice(names[:number]), name, port, Size(12.0, 9.0))
            for number, name in enumerate(names) if number
            for port in source.choice([(0.0,), (-0.25, 0.25)])
        ]  # fmt: skip
        boxes = {name: Size(source.uniform(26, 90), source.uniform(22, 40)) for name in names}
        placed = layout(boxes, links, names[-1])
        places = [*placed.boxes.values(), *(place for route in placed.routes for place in route)]
        for one, other in combinations(places, 2):
            if one.row == other.row:
                assert abs(one.x - other.x) >= (one.width + other.width) / 2 + 6.9
        for link in links:
            assert placed.boxes[link.source].row < placed.boxes[link.target].row
        assert max(place.row for place in placed.boxes.values()) == placed.boxes[names[-1]].row


def test_a_decay_function_is_drawn_alone(tmp_path):
    decay = po.get("Opt7").decays[0]
    first = draw(decay, tmp_path / "a.svg").read_bytes()
    assert first == draw(decay, tmp_path / "b.svg").read_bytes()
    assert len(first) < len(draw(po.get("Opt7"), tmp_path / "c.svg").read_bytes())
