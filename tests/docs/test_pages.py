"""Every page of the documentation: its examples run from top to bottom, and its links lead somewhere."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "docs").rglob("*.md"))
TUTORIALS = [page for page in PAGES if page.parent.name == "tutorials"]


#: What a page's examples need beyond this project's environment.
NEEDS = {"jax.md": ("optax", "flax")}


def named(page: Path) -> str:
    return page.relative_to(ROOT / "docs").as_posix()


@pytest.mark.parametrize("page", TUTORIALS, ids=named)
def test_the_examples_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    examples = re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    assert examples
    for library in NEEDS.get(page.name, ()):
        pytest.importorskip(library, reason=f"the page's examples need {library}")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "__main__"}
    for number, example in enumerate(examples, start=1):
        exec(compile(example, f"{named(page)}, example {number}", "exec"), names)


def test_a_search_takes_the_twenty_three_lines_that_its_page_says() -> None:
    text = (ROOT / "docs" / "tutorials" / "search.md").read_text("utf-8")
    (example,) = re.findall(r"same in twenty-three lines.*?```python\n(.*?)```", text, re.DOTALL)
    assert len([line for line in example.splitlines() if line.strip()]) == 23


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
        assert (page.parent / target).exists(), target


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

    assert sorted(paths(settings["nav"])) == [named(page) for page in PAGES]


@pytest.mark.slow
def test_the_site_builds(tmp_path: Path) -> None:
    """In strict mode: a name that the reference asks for and the code lacks is an error."""
    pytest.importorskip("mkdocs")
    from mkdocs.commands.build import build
    from mkdocs.config import load_config

    build(load_config(str(ROOT / "mkdocs.yml"), site_dir=str(tmp_path / "site")))
    pages = list((tmp_path / "site").rglob("index.html"))
    assert len(pages) == len(PAGES)
    reference = (tmp_path / "site/reference/paper_optimizers/index.html").read_text("utf-8")
    assert 'id="paper_optimizers.keras.optimizer.GraphOptimizer"' in reference
    assert "A Keras optimizer that runs an" in reference  # Its docstring.
