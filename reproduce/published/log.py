"""The published search log, read from its CSV form: one evaluation a row.

Columns: phase (init, particle, mutation), particle, depth, expression, status (ok, failed), val_accuracy, seconds.
``init`` rows are random candidates on the initial stage; ``particle`` rows the best of them on the evolution stage;
``mutation`` rows children, at time step ``depth``, on the evolution stage. The authors' own log file has another form,
which is not published with a description: it is refused, not guessed at.

Source: the search log published with Morgan & Hougen (arXiv 2404.06679).
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from paper_optimizers.errors import SpecError
from paper_optimizers.spec import OptimizerSpec
from reproduce.errors import ReproduceError

COLUMNS = ("phase", "particle", "depth", "expression", "status", "val_accuracy", "seconds")
Phase = Literal["init", "particle", "mutation"]
PHASES: tuple[Phase, ...] = get_args(Phase)

#: The largest file that is read; the published search has about 0.3 MB.
MAX_BYTES = 64 * 2**20

_NUMBER = re.compile(r"[0-9]{1,20}(\.[0-9]{0,40})?([eE][-+]?[0-9]{1,3})?")


class LogError(ReproduceError):
    """A file is not a search log in CSV form; the message names line and column."""


@dataclass(frozen=True)
class LoggedEvaluation:
    """One row.

    Attributes:
        line: Where it begins in the file; the header is line 1.
        phase: See `reproduce.published.log`.
        particle: From 1; None for ``init``.
        depth: Time step: 0 for a particle's start, from 1 for children; None for ``init``.
        text: The candidate in the log's notation. Whether its sign was flipped is not in the log.
        spec: What the text says.
        score: Best validation accuracy, in [0, 1]; None where the candidate was rejected.
        seconds: What scoring it took; None where it was rejected.
    """

    line: int
    phase: Phase
    particle: int | None
    depth: int | None
    text: str
    spec: OptimizerSpec
    score: float | None
    seconds: float | None

    @property
    def stage(self) -> Literal["initial", "evolution"]:
        """The surrogate it was scored on."""
        return "initial" if self.phase == "init" else "evolution"


def read_published_log(path: Path) -> list[LoggedEvaluation]:
    """The rows of a log, in their order.

    Raises:
        LogError: If it cannot be read or is not in the CSV form, naming the file, the line and the column.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise LogError(f"{path} has {path.stat().st_size} bytes; a log has at most {MAX_BYTES}")
        content = path.read_bytes()
    except OSError as error:
        raise LogError(f"cannot read the log {path}: {error.strerror}") from None
    return parse_published_log(content, str(path))


def parse_published_log(content: bytes, origin: str) -> list[LoggedEvaluation]:
    """The rows of a log's bytes.

    Args:
        content: UTF-8 text.
        origin: Names the file in errors.

    Raises:
        LogError: As `read_published_log` does.
    """
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise LogError(f"{origin}, line {line}: not UTF-8 text") from None
    lines = _lines(text, origin)
    line, header = next(lines, (1, []))
    if tuple(header) != COLUMNS:
        raise LogError(
            f"{origin}, line {line}: expected the columns {','.join(COLUMNS)}; received {','.join(header)[:120]!r}. "
            "This reads the log's CSV form alone: the authors' own log file must be brought into it first"
        )
    return [_evaluation(_LogRow(origin, line, fields)) for line, fields in lines]


def fingerprints_of(rows: Sequence[LoggedEvaluation], texts: Iterable[str]) -> list[str]:
    """The fingerprint of each row's candidate.

    Args:
        rows: The log.
        texts: Each text of the log once, in any order; computing takes about 5 ms for each.
    """
    specs = {row.text: row.spec for row in rows}
    known = {text: specs[text].fingerprint() for text in texts}
    return [known[row.text] for row in rows]


def _lines(text: str, origin: str) -> Iterator[tuple[int, list[str]]]:
    """Each row's first line and its fields; blank lines are passed over."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise LogError(f"{origin}, line {line}: not CSV: {error}") from None
        if fields:
            yield line, fields


class _LogRow:
    """A row's fields by column, with errors that say where."""

    def __init__(self, origin: str, line: int, fields: Sequence[str]) -> None:
        self._origin = origin
        self.line = line
        if len(fields) != len(COLUMNS):
            raise LogError(f"{origin}, line {line}: expected {len(COLUMNS)} columns; received {len(fields)}")
        self._values: Mapping[str, str] = dict(zip(COLUMNS, fields, strict=True))

    def __getitem__(self, column: str) -> str:
        return self._values[column]

    def error(self, column: str, expected: str) -> LogError:
        """The error of a column's value."""
        received = self._values[column][:80]
        return LogError(
            f"{self._origin}, line {self.line}, column {column}: expected {expected}; received {received!r}"
        )

    def choice(self, column: str, choices: Sequence[str]) -> str:
        """One of some words."""
        if self[column] not in choices:
            raise self.error(column, f"one of {', '.join(choices)}")
        return self[column]

    def integer(self, column: str, least: int) -> int:
        """Read a whole number, ``least`` or more."""
        text = self[column]
        if not (text.isascii() and text.isdecimal() and len(text) <= 9 and int(text) >= least):
            raise self.error(column, f"a whole number, {least} or more")
        return int(text)

    def number(self, column: str, most: float, expected: str) -> float:
        """A number in [0, most]."""
        value = float(self[column]) if _NUMBER.fullmatch(self[column]) else math.nan
        if not 0.0 <= value <= most:
            raise self.error(column, expected)
        return value

    def empty(self, column: str, where: str) -> None:
        """Require that there is nothing."""
        if self[column]:
            raise self.error(column, f"nothing where {where}")

    def spec(self, column: str) -> OptimizerSpec:
        """Read a candidate in the log's notation."""
        try:
            return OptimizerSpec.from_text(self[column])
        except SpecError as error:
            raise self.error(column, f"a candidate in the log's notation ({error})") from None


def _evaluation(row: _LogRow) -> LoggedEvaluation:
    phase = next(each for each in PHASES if each == row.choice("phase", PHASES))
    particle = depth = score = seconds = None
    if phase == "init":
        row.empty("particle", "phase is init")
        row.empty("depth", "phase is init")
    else:
        particle = row.integer("particle", 1)
        depth = row.integer("depth", int(phase == "mutation"))
        if phase == "particle" and depth != 0:
            raise row.error("depth", "0 where phase is particle")
    if row.choice("status", ("ok", "failed")) == "ok":
        score = row.number("val_accuracy", 1.0, "an accuracy in [0, 1] where status is ok")
        seconds = row.number("seconds", 1e9, "seconds, 0 or more, where status is ok")
    else:
        row.empty("val_accuracy", "status is failed")
        row.empty("seconds", "status is failed")
    return LoggedEvaluation(row.line, phase, particle, depth, row["expression"], row.spec("expression"), score, seconds)
