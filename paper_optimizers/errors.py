"""The one error that a malformed spec, expression or catalog document raises."""

from __future__ import annotations

from typing import Any


class SpecError(ValueError):
    """A spec, or the text or JSON it was read from, is not valid.

    Attributes:
        reason: The message: what was received, what was expected and how to mend it.
        path: Where in the document, e.g. ``update.nodes[2].inputs[0].decay``; empty for the document itself.
    """

    def __init__(self, reason: str, path: str = "") -> None:
        """Keep ``reason`` and ``path`` apart so that callers can prefix the path."""
        super().__init__(reason, path)
        self.reason = reason
        self.path = path

    def under(self, prefix: str) -> SpecError:
        """The same error as seen from a document in which this one sits at ``prefix``."""
        joint = "" if not self.path or self.path.startswith("[") else "."
        return SpecError(self.reason, f"{prefix}{joint}{self.path}")

    def __str__(self) -> str:
        """``path: reason``, or the reason alone."""
        return f"{self.path}: {self.reason}" if self.path else self.reason


def shown(value: Any) -> str:
    """A value for a message: never longer than a line, whatever it is."""
    if isinstance(value, dict | list | tuple):
        return f"a {type(value).__name__}"
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > 10**18:
        return "an integer beyond 10^18"
    return repr(value)[:80]
