"""Suggestions for errors: the nearest name to one that is not found, and the reader for another form of a spec."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

_WORD = r"[^\s(){}\[\]|^*]+"
_PATH = re.compile(rf".*\.(json|txt)|(\.{{0,2}}|~|[A-Za-z]:)[/\\].*|{_WORD}[/\\]{_WORD}", re.IGNORECASE)
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,30}")


def did_you_mean(received: str, known: Iterable[str]) -> str:
    """A sentence to append to an error: the nearest known name, or all of them when none is near.

    Comparison ignores case. The received name is cut to 80 characters first: it may be anything.
    """
    names = sorted(known)
    return _nearest(received, names) or f"; expected one of {', '.join(names)}"


def nearest_argument(received: str, known: Iterable[str]) -> str:
    """A sentence to append to an error: the argument that was likely meant, or all of them where none is near.

    Arguments have little in common with what is misspelt, so it takes more to be near than with `did_you_mean`; an
    argument that begins with the whole received name is near, too.
    """
    names = sorted(known)
    begun = [name for name in names if len(received) > 2 and name.startswith(received[:80].lower())]
    near = _nearest(received, names, cutoff=0.7) or (f"; did you mean {begun[0]!r}?" if begun else "")
    return near or f"; expected one of {', '.join(names)}"


def _nearest(received: str, names: Iterable[str], cutoff: float = 0.5) -> str:
    lowered = {name.lower(): name for name in names}
    numbered = _numbered_alike(received[:80].lower(), lowered)
    if numbered:
        return f"; there are {lowered[numbered[0]]} to {lowered[numbered[-1]]}"
    near = difflib.get_close_matches(received[:80].lower(), lowered, n=1, cutoff=cutoff)
    return f"; did you mean {lowered[near[0]]!r}?" if near else ""


def _numbered_alike(received: str, names: Collection[str]) -> list[str]:
    """The names that differ from ``received`` by their number, in order; none where it is one of them."""
    stem = received.rstrip("0123456789")
    if not stem or stem == received or received in names:
        return []
    numbers = [name.removeprefix(stem) for name in names if name.startswith(stem)]
    numbers = sorted((each for each in numbers if each.isdecimal()), key=int)
    return [stem + each for each in numbers] if len(numbers) > 1 else []


def missing_attribute(module: str, name: str, public: Sequence[str], made: str = "") -> AttributeError:
    """Make the error for a name that a module does not have, with the nearest of its public names where one is near.

    Args:
        module: The module's name.
        name: The name that it does not have.
        public: The names that it has.
        made: A sentence on how else to come by it, which goes before the nearest name; not where only the case differs.
    """
    same = any(name.lower() == each.lower() for each in public)
    hint = made if made and not same else _nearest(name, public)
    # Python would find the module by itself and add a hint of its own, which knows less: it misses swapped letters.
    return AttributeError(f"module {module!r} has no attribute {name!r}{hint}", name=name, obj=None)


#: The forms in which a spec comes, and how each is read.
_READERS = {
    "data": "plain data; read it with OptimizerSpec.from_dict(...)",
    "JSON": "JSON text; read it with OptimizerSpec.from_json(...)",
    "notation": "a text in the notation; read it with from_text(...)",
    "name": "a name; get(...) finds the optimizers of the catalog",
}


def other_form(received: Any, expected: str = "") -> str:
    """A sentence to append to an error: what ``received`` is and how it is read, where that is another form of a spec.

    Empty where it is none, or the form ``expected``: "data", "JSON", "notation", "name" or "path".
    """
    form = _form(received)
    if form in ("", expected):
        return ""
    if form != "path":
        return f". This is {_READERS[form]}"
    path = os.fsdecode(received)
    reader = "from_text" if path.lower().endswith(".txt") else "OptimizerSpec.from_json"
    return f". This is a path; read the file: {reader}(Path({path[-200:]!r}).read_text('utf-8'))"


def _form(received: Any) -> str:
    if isinstance(received, Mapping):
        return "data"
    if isinstance(received, os.PathLike):
        return "path"
    if not isinstance(received, str):
        return ""
    text = received.strip()
    if text.startswith("{"):
        return "JSON"
    if text.startswith(("None", "Mom", "Nest")) and "~" in text:
        return "notation"
    if len(text) < 4096 and _PATH.fullmatch(text):
        return "path"
    return "name" if _NAME.fullmatch(text) else ""
