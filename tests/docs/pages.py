"""The Markdown pages of this project, and the commands that stand in them."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`]+)`")
#: What a code span or a line is a command by, and not a name, a formula or an option.
_PROGRAMS = ("make", "python", ".venv/bin/python", "pip", ".venv/bin/pip", "kubectl", "docker", "bash", "sbatch", "git")
_WRITTEN_BY = re.compile(r"<!-- .*written by (python -m [\w.]+) -->")
#: Inside another sentence the long form is left out.
_SHORT = re.compile("data (list|verify|prepare)")


@dataclass(frozen=True)
class Block:
    """A fenced block.

    Attributes:
        page: Its page, relative to the project.
        language: What stands after the fence; empty for commands.
        text: What stands inside.
    """

    page: str
    language: str
    text: str


def pages() -> list[Path]:
    """Every page, the changelog included."""
    folders = [path for path in (ROOT / "docs", ROOT / "artifact", ROOT / "docker") if path.is_dir()]
    found = [*ROOT.glob("*.md"), *(path for folder in folders for path in folder.rglob("*.md"))]
    return sorted(path for path in found if "results" not in path.parts)


def blocks(path: Path) -> list[Block]:
    """The fenced blocks of a page."""
    name = path.relative_to(ROOT).as_posix()
    return [Block(name, language, text) for language, text in _FENCE.findall(path.read_text("utf-8"))]


def lines(block: Block) -> list[str]:
    """The commands of a block, those that go on over several lines as one, without comments."""
    whole = re.sub(r"\\\n\s*", "", block.text)
    return [line for each in whole.splitlines() if (line := _without_comment(each))]


def commands(path: Path) -> set[str]:
    """Every command of a page: in blocks of commands, in code spans, and in notes of what a program wrote."""
    text = path.read_text("utf-8")
    found = {line for block in blocks(path) if not block.language for line in lines(block)}
    prose = _FENCE.sub("", text)
    found |= {" ".join(span.split()) for span in _SPAN.findall(prose) if _is_command(span)}
    return found | set(_WRITTEN_BY.findall(text))


def make_commands(path: Path, targets: set[str]) -> Iterator[str]:
    """Targets of make that the prose of a page names outside of code spans."""
    prose = _SPAN.sub("", _FENCE.sub("", path.read_text("utf-8")))
    return (f"make {target}" for target in re.findall(r"\bmake ([a-z-]+)", prose) if target in targets)


def options(path: Path) -> set[str]:
    """Long options that a page names in code spans of their own."""
    spans = _SPAN.findall(_FENCE.sub("", path.read_text("utf-8")))
    return {span.split()[0].split("=")[0] for span in spans if re.match("--[a-z]", span)}


def _is_command(span: str) -> bool:
    first, _, rest = span.partition(" ")
    return bool(_SHORT.match(span)) or (bool(rest) and first in _PROGRAMS)


def _without_comment(line: str) -> str:
    return shlex.join(shlex.split(line, comments=True)) if "#" in line else line.strip()
