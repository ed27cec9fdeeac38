"""Every page of the documentation: its examples run from top to bottom, and its links lead somewhere."""

import ast
import re
from collections.abc import Collection
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

import paper_optimizers as po
from reproduce.report.pages.site import on_page_markdown

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "docs").rglob("*.md"))
#: Without two whose examples are scripts on back ends of their own: see `tests.docs.test_loops` and `test_script`.
TUTORIALS = [page for page in PAGES if page.parent.name == "tutorials" and page.name not in ("loops.md", "script.md")]


#: What an example needs beyond Keras on TensorFlow, by what it imports.
NEEDS = {
    "optax": {"optax"},
    "torch": {"torch"},
    "flax": {"flax"},
    "pytorch_lightning": {"pytorch_lightning"},
    "transformers": {"transformers", "accelerate"},
}


def named(page: Path) -> str:
    return page.relative_to(ROOT / "docs").as_posix()


def examples(page: Path) -> list[str]:
    """The blocks of Python of a page."""
    return re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.DOTALL)


def needs(example: str) -> set[str]:
    """The libraries of `NEEDS` without which an example cannot run."""
    imported: set[str] = set()
    for node in ast.walk(ast.parse(example)):
        names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
        imported.update(names or ([node.module or ""] if isinstance(node, ast.ImportFrom) else []))
    words = {word for name in imported for word in name.split(".")}
    return set().union(*(NEEDS[word] for word in words & NEEDS.keys()))


def needs_more(page: Path) -> list[str]:
    """The examples that need what the first one, which the others go on from, does not."""
    return [example for example in examples(page) if needs(example) - needs(examples(page)[0])]


def run_examples(page: Path, without: Collection[str] = ()) -> None:
    """Run the examples from top to bottom in one namespace; skip the test where a library that they need is missing."""
    chosen = {number: each for number, each in enumerate(examples(page), start=1) if each not in without}
    for library in sorted(set().union(*map(needs, chosen.values()))):
        pytest.importorskip(library, reason=f"the page's examples need {library}")
    names: dict[str, Any] = {"__name__": "__main__"}
    for number, example in chosen.items():
        exec(compile(example, f"{named(page)}, example {number}", "exec"), names)


@pytest.mark.parametrize("page", TUTORIALS, ids=named)
def test_the_examples_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run_examples(page, without=needs_more(page))


@pytest.mark.parametrize("page", list(filter(needs_more, TUTORIALS)), ids=named)
def test_the_examples_run_with_those_that_need_more(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run_examples(page)


def test_what_needs_more_are_three_examples() -> None:
    found = {page.name: list(map(needs, needs_more(page))) for page in TUTORIALS if needs_more(page)}
    assert found == {
        "jax.md": [{"optax", "flax"}],
        "lightning.md": [{"torch", "pytorch_lightning"}],
        "trainer.md": [{"transformers", "accelerate"}],
    }


def test_a_search_takes_the_twenty_five_lines_that_its_page_says() -> None:
    text = (ROOT / "docs" / "tutorials" / "search.md").read_text("utf-8")
    (example,) = re.findall(r"same in twenty-five lines.*?```python\n(.*?)```", text, re.DOTALL)
    assert len([line for line in example.splitlines() if line.strip()]) == 25


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
        assert (page.parent / target).exists(), target


def test_the_first_page_links_to_every_other() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", (ROOT / "docs" / "index.md").read_text("utf-8"))
    assert set(map(named, PAGES)) - {"index.md"} == {link for link in links if not link.startswith("../")}


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_make_targets_exist(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for target in re.findall(r"(?:`|^)make ([a-z-]+)", page.read_text("utf-8"), re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_every_page_is_in_the_navigation() -> None:
    settings = yaml.safe_load((ROOT / "mkdocs.yml").read_text("utf-8"))

    def paths(entry: Any) -> list[str]:
        if isinstance(entry, str):
            return [entry]
        return [path for item in (entry.values() if isinstance(entry, dict) else entry) for path in paths(item)]

    artifact = [f"artifact/{page.name.replace('README', 'guide')}" for page in (ROOT / "artifact").glob("*.md")]
    more = ["CHANGELOG.md", "gallery.md", *artifact]
    assert sorted(paths(settings["nav"])) == sorted([*map(named, PAGES), *more])


def test_links_out_of_the_site_become_paths() -> None:
    page = SimpleNamespace(file=SimpleNamespace(src_uri="artifact/REPORT.md"))
    files = [SimpleNamespace(src_uri=uri) for uri in ("artifact/REPORT.md", "artifact/guide.md", "choose.md")]
    text = "[a](README.md#claims) [b](../docker/README.md) [c](../choose.md) [d](https://x.org)\n```\n[e](no.md)\n```\n"
    assert on_page_markdown(text, page, files) == (
        "[a](guide.md#claims) b (`docker/README.md` in the repository) [c](../choose.md) [d](https://x.org)\n"
        "```\n[e](no.md)\n```\n"
    )


def test_links_from_docs_to_artifact_lead_to_its_pages_on_the_site() -> None:
    files = [SimpleNamespace(src_uri=uri) for uri in ("artifact/REPORT.md", "artifact/guide.md")]
    for uri, up in (("choose.md", ""), ("tutorials/claim.md", "../")):
        page = SimpleNamespace(file=SimpleNamespace(src_uri=uri))
        text = f"[a]({up}../artifact/README.md#claims) [b]({up}../artifact/REPORT.md) [c]({up}../docker/README.md)"
        assert on_page_markdown(text, page, files) == (
            f"[a]({up}artifact/guide.md#claims) [b]({up}artifact/REPORT.md) c (`docker/README.md` in the repository)"
        )


def test_what_is_counted_beside_other_libraries() -> None:
    text = (ROOT / "docs" / "comparison.md").read_text("utf-8")
    evolved = [name for name in po.names() if po.describe(name).family in ("evolved", "adam-variant")]
    assert f"a catalog of specs, {len(evolved)} of them the paper's" in text
    assert f"{len(po.schedule_names())} evolved factors" in text


@pytest.mark.slow
def test_the_site_builds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In strict mode: a name that the reference asks for and the code lacks is an error."""
    pytest.importorskip("mkdocs")
    drawn = ["Opt1", "Opt10", "Adam"]  # Those of the others take long.
    monkeypatch.setattr("reproduce.report.pages.gallery.shown", lambda: drawn)
    from mkdocs.commands.build import build
    from mkdocs.config import load_config

    build(load_config(str(ROOT / "mkdocs.yml"), site_dir=str(tmp_path / "site")))
    pages = {page.parent.relative_to(tmp_path / "site").as_posix() for page in (tmp_path / "site").rglob("index.html")}
    assert len(pages) == len(PAGES) + 2 + len(list((ROOT / "artifact").glob("*.md")))
    assert {"gallery", "choose", "artifact/REPORT", "artifact/guide", "CHANGELOG"} <= pages
    gallery = (tmp_path / "site/gallery/index.html").read_text("utf-8")
    for name in drawn:
        assert f'id="{name.lower()}"' in gallery
        assert (tmp_path / f"site/gallery/portrait_{name}.svg").is_file()
    assert gallery.count("<math") == len(drawn)
    reference = (tmp_path / "site/reference/paper_optimizers/index.html").read_text("utf-8")
    assert 'id="paper_optimizers.keras.optimizer.GraphOptimizer"' in reference
    assert "A Keras optimizer that runs an" in reference  # Its docstring.
