"""README, the first pages of docs/ and four pages of artifact/ can be read at full speed: short sentences."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ARTIFACT = ("ANALYSIS.md", "ENGINE.md", "LIMITATIONS.md", "REPORT.md")
PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *(ROOT / "artifact" / name for name in ARTIFACT if (ROOT / "artifact" / name).exists()),
]
MOST_WORDS, MOST_ON_AVERAGE = 40, 20


GENERATED = re.compile(r"<!-- (\w+):[^>]*-->(.*?)<!-- end of \1 -->", re.DOTALL)


def generated(text: str) -> str:
    """Only what stands between generated marks."""
    return "\n\n".join(found[2] for found in GENERATED.finditer(text))


def prose(text: str) -> list[str]:
    """The sentences of a page: without code, tables, headings, pictures, and what stands between generated marks."""
    text = re.sub(r"```.*?```", "\n\n", text, flags=re.DOTALL)
    text = GENERATED.sub("\n\n", text)
    text = re.sub(r"!\[[^\]]*\]\([^)]*\)", "", text)
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    lines = ["" if re.match(r"\s*(\||#|:::|    \w)", line) else line for line in text.splitlines()]
    parts = re.split(r"\n\s*\n|\n(?=\s*(?:- |\d+\. ))", "\n".join(lines))
    joined = [" ".join(part.split()) for part in parts if part.strip()]
    return [sentence for part in joined for sentence in re.split(r"(?<=[.!?])\s+(?=[\w`*(\"])", part) if sentence]


def words(sentence: str) -> int:
    return len(re.findall(r"`[^`]+`|[\w'/.-]*\w[\w'/.-]*", sentence))


def test_sentences_are_counted() -> None:
    text = "# No\n\nOne two three. Four `a b c` six!\n\n```\nnot this\n```\n- seven eight\n- nine\n\n| no | no |\n"
    assert [words(each) for each in prose(text)] == [3, 3, 2, 1]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_sentences_are_short(page: Path) -> None:
    counts = {sentence: words(sentence) for sentence in prose(page.read_text("utf-8"))}
    assert [sentence for sentence, count in counts.items() if count > MOST_WORDS] == []
    assert sum(counts.values()) < MOST_ON_AVERAGE * len(counts)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_generated_sentences_are_not_long(page: Path) -> None:
    """Tables are no sentences, and `prose` has none of them."""
    sentences = prose(generated(page.read_text("utf-8")))
    assert [sentence for sentence in sentences if words(sentence) > MOST_WORDS] == []


def test_generated_text_is_found() -> None:
    assert prose(generated("no\n<!-- a: by make -->\nOne. Two.\n\n| no |\n<!-- end of a -->\nno")) == ["One.", "Two."]
