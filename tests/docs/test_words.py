"""The words that the tutorial on specs lists: each reads as what stands beside it."""

import re

import pytest

from paper_optimizers import OptimizerSpec, from_text
from paper_optimizers.curves import CURVES
from paper_optimizers.grammar import rules
from paper_optimizers.operands import OPERANDS
from paper_optimizers.ops import FUNCTIONS
from reproduce.report.pages.words import BRACES, HEADERS, Brace, page, words
from tests.docs.pages import ROOT

BLOCKS = [block.splitlines()[1:] for block in re.findall(r"```text\n(.*?)```", words(), re.DOTALL)]
OPERAND_LINES, FUNCTION_LINES, CURVE_LINES, BRACE_LINES, HEADER_LINES = (
    [re.split(r"  +", line) for line in block] for block in BLOCKS
)


def texts(line: list[str]) -> tuple[list[str], str]:
    """The words of a line, of which there may be several, and the name beside them."""
    place = next(index for index, cell in enumerate(line) if cell in OPERANDS or cell in CURVES)
    return line[:place], line[place]


def test_the_page_has_them() -> None:
    assert page() == (ROOT / "docs/tutorials/spec.md").read_text("utf-8"), "run: make pages"


def test_nothing_is_left_out() -> None:
    assert {texts(line)[1] for line in OPERAND_LINES} == set(OPERANDS)
    assert [line[1] for line in FUNCTION_LINES] == list(FUNCTIONS)
    assert [texts(line)[1] for line in CURVE_LINES] == list(CURVES)
    written = {word for line in OPERAND_LINES for word in texts(line)[0]}
    fixed = {text for each in OPERANDS.values() for text in each.notation if "{" not in text}
    assert fixed - written == {f"10-{digit}w" for digit in (6, 4, 3)}


@pytest.mark.parametrize("line", OPERAND_LINES, ids=lambda line: line[0])
def test_operands_are_read(line: list[str]) -> None:
    for word in texts(line)[0]:
        update = from_text(f"None ~ {word}").update
        assert [node.op for node in update.nodes] == [texts(line)[1]]


def of(text: str, first: str, second: str) -> str:
    """A function's text with arguments in the places of x, a and b."""
    return re.sub(r"\b[xab]\b", lambda found: second if found[0] == "b" else first, text)


@pytest.mark.parametrize("line", FUNCTION_LINES, ids=lambda line: line[1])
def test_functions_are_read(line: list[str]) -> None:
    text, name, decay = line
    update = from_text(f"None ~ {of(text, 's hat', 'w')}").update
    assert update[update.root].op == name
    if decay != "-":
        (read,) = from_text(f"None ~ tanh([{of(text if decay == 'the same' else decay, 'a1', 'a2')}][g])").decays
        assert read[read.root].op == name


@pytest.mark.parametrize("line", CURVE_LINES, ids=lambda line: line[0])
def test_curves_are_read(line: list[str]) -> None:
    for word in texts(line)[0]:
        (read,) = from_text(f"None ~ tanh([{word}][g])").decays
        assert read[read.root].op == texts(line)[1]


def test_no_brace_is_left_out() -> None:
    """Powers and scales have words of their own."""
    found = {
        (op, name)
        for kind in ("update", "decay")
        for op, ways in rules(kind).items()
        for rule in ways
        for name in rule.named
    }
    told = {(op, brace.name) for brace in BRACES for op in brace.ops}
    assert {pair for pair in found if pair[1] not in ("power", "scale")} == told
    assert [line[0] for line in BRACE_LINES] == [brace.text for brace in BRACES]
    assert [list(line) for line in HEADERS] == HEADER_LINES


def with_word(brace: Brace, word: str) -> OptimizerSpec:
    return from_text(f"None ~ {word}" if brace.kind == "update" else f"None ~ tanh([{word}][g])")


@pytest.mark.parametrize(
    ("brace", "line"), list(zip(BRACES, BRACE_LINES, strict=True)), ids=[brace.text for brace in BRACES]
)
def test_braces_are_read(brace: Brace, line: list[str]) -> None:
    word, _, entry = brace.text.rpartition("{")
    assert entry.startswith(f"{brace.name}=")
    spec = with_word(brace, brace.text)
    if brace.name == "draw":
        pair = from_text(f"None ~ ({brace.text})+({brace.text})")
        assert [node.op for node in pair.update.nodes].count("dropout") == 1
        return
    assert brace.text in spec.to_text()
    plain = with_word(brace, word)
    assert [with_word(brace, f"{word}{{{brace.name}={value}}}") for value in line[1].split(", ")].count(plain) == 1


@pytest.mark.parametrize("line", HEADERS, ids=lambda line: line[0])
def test_braces_after_the_momentum_are_read(line: tuple[str, ...]) -> None:
    text, place, without, _ = line
    spec = from_text(text)
    assert spec.to_text() == text
    said = spec.to_dict()
    for key in place.split("."):
        said = said[key]
    plain = re.sub(r"{.*?}", "", text)
    assert from_text(plain).fingerprint() != spec.fingerprint()
    if without not in ("one cycle", "no factor"):
        assert from_text(re.sub(r"=\S+}", f"={without}}}", text)) == from_text(plain)
