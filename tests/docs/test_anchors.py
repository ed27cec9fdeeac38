"""Links to a heading lead to one that is there, in every page that a reader of the repository opens."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("docs", "artifact", "docker", "findings")
PAGES = sorted([*ROOT.glob("*.md"), *(page for folder in FOLDERS for page in (ROOT / folder).rglob("*.md"))])


def text_of(page: Path) -> str:
    """A page without its code."""
    return re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)


def anchors(text: str) -> list[str]:
    """The anchors that a forge gives to headings: lower case, hyphens for blanks, no other punctuation."""
    headings = (re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", each) for each in re.findall(r"^#+ (.*)", text, re.MULTILINE))
    return [re.sub(r"[^\w -]", "", each).strip().lower().replace(" ", "-") for each in headings]


def test_anchors_are_those_of_headings() -> None:
    assert anchors("# A `b`, c\n\n## [Main](x.md) job\n#no\n") == ["a-b-c", "main-job"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_to_headings_lead_to_one(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#\s]*)#([^)\s]+)\)", text_of(page))
    targets = [((page.parent / path).resolve() if path else page, anchor) for path, anchor in links]
    assert [f"{path.name}#{anchor}" for path, anchor in targets if anchor not in anchors(text_of(path))] == []
