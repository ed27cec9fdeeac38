"""artifact/ENVIRONMENT.md, from `reproduce.variables`."""

from __future__ import annotations

from itertools import groupby

from reproduce.report.pages.tables import markdown
from reproduce.variables import COMPILED_PROGRAMS, FILES, THREADS, VARIABLES, Variable

_START = """# What can move a number, besides the protocol

Libraries read environment variables and files when they are imported. Every process of `python -m reproduce COMMAND`
first puts them into one known state (`reproduce/libraries.py`): its own, those of workers here or on a Ray cluster, and
those of benchmarks. `reproduce/variables.py` lists the variables and files; `make pages` writes this page from there.
Each of them is one of four:

- *pinned*: set or removed, whatever the user has set. A star stands for any letters, and the first line that fits a
  name counts.
- *recorded*: kept as the user has set it, and written under `environment` in every line of a ledger. A ledger goes on
  only under what its lines were written under. Earlier lines have no `environment`: nothing is known of them, and they
  are read as before.
- *refused*: the command ends with a sentence that says why.
- *left*: kept as the user has set it, since no number depends on it.

Devices, processors, numbers of cores and versions of packages move numbers too. Rows name them, and a ledger may go on
under others. What else the dynamic loader is told to load (`LD_LIBRARY_PATH`, `LD_PRELOAD`) is part of an installation,
and not recorded.

In worker processes every number of threads is 1. Elsewhere it is the number of usable cores.
"""

_VALUES = {
    THREADS: "the number of threads",
    COMPILED_PROGRAMS: "`paper-optimizers/` and a folder in `$XDG_CACHE_HOME` or `~/.cache`, where that can be written",
}


def page() -> str:
    """The page: a table for each library, and one of configuration files."""
    parts = [_START]
    for library, variables in groupby(VARIABLES, lambda each: each.library):
        lines = ((f"`{each.name}`", _treatment(each), each.reason) for each in variables)
        parts.append(f"## {library}\n\n{markdown(dict.fromkeys(('variable', 'it is', 'what it can do'), ''), lines)}")
    files = ((each.path, each.library, each.treatment, each.reason) for each in FILES)
    table = markdown(dict.fromkeys(("file", "of", "it is", "what is done"), ""), files)
    return "\n".join([*parts, f"## Configuration files\n\n{table}"])


def _treatment(variable: Variable) -> str:
    value = _VALUES.get(variable.value, f"`{variable.value}`")
    text = {
        "pinned": f"pinned: {value}" if variable.value else "pinned: removed",
        "left": f"left; {value} if not set" if variable.value else "left",
        "recorded": f"recorded; {value} if not set" if variable.value else "recorded",
        "refused": "refused",
    }[variable.treatment]
    return text if variable.deterministic is None else f"{text}; `{variable.deterministic}` with `--deterministic`"
