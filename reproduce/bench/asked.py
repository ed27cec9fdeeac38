"""Processes that measure: each is asked in lines of JSON, one after another, and answers in such lines."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Self

from reproduce.errors import ReproduceError, summary
from reproduce.lifetime import end_with_parent


class AskedProcess:
    """A process that answers, from where its ``with`` begins to where it ends.

    Args:
        name: In messages.
        command: What is run; it calls `answer_lines`.
        settings: Its environment.
    """

    def __init__(self, name: str, command: Sequence[str], settings: Mapping[str, str]) -> None:
        self.name, self._command, self._environment = name, command, settings

    def __enter__(self) -> Self:
        """Start the process."""
        self._errors = tempfile.TemporaryFile("w+", encoding="utf-8")
        self._process = subprocess.Popen(
            self._command,
            env=dict(self._environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )
        return self

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        """End the process, which ends when nothing more can come; at once where something was raised."""
        if kind is not None:
            self._process.kill()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with suppress(BrokenPipeError):
                    stream.close()
        self._process.wait()
        self._errors.close()

    def ask(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to a question, both plain data; "raised" in it says what the process raised in place of one.

        Raises:
            ReproduceError: If the process has ended.
        """
        self.tell(question)
        return self.answer()

    def tell(self, question: Mapping[str, Any]) -> None:
        """Ask, and do not wait for the `answer`; a process that has ended says so there."""
        if self._process.stdin is not None:
            with suppress(BrokenPipeError):
                self._process.stdin.write(json.dumps(question) + "\n")
                self._process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        """The answer to what was told; see `ask`."""
        line = "" if self._process.stdout is None else self._process.stdout.readline()
        if not line:
            self._errors.seek(0)
            code = self._process.wait()
            ending = f"signal {-code}" if code < 0 else f"exit status {code}"
            raise ReproduceError(
                f"the process of {self.name} died ({ending}); it said:\n{self._errors.read().strip()[-2000:]}"
            )
        answer: dict[str, Any] = json.loads(line)
        return answer


def answer_lines(answer: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Answer whatever is asked, until nothing can come any more."""
    end_with_parent(os.getppid())
    answers = sys.stdout
    sys.stdout = sys.stderr  # What libraries say is no answer.
    for line in sys.stdin:
        try:
            given = answer(json.loads(line))
        except Exception as error:  # noqa: BLE001  # Whatever it is, it is told where someone reads it.
            given = {"raised": str(error) if isinstance(error, ReproduceError) else summary(error)}
        answers.write(json.dumps(given) + "\n")
        answers.flush()
