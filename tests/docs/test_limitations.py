"""The differences that artifact/LIMITATIONS.md says so many runs find are those of the kept rows."""

import re
import statistics

import pytest

from reproduce.report.collection import read_study
from reproduce.report.tables.comparisons import difference
from tests.docs.pages import ROOT

TEXT = " ".join((ROOT / "artifact" / "LIMITATIONS.md").read_text("utf-8").split())


def found(study: str) -> list[float]:
    """The least difference that each optimizer's runs find, in points: to Adam, in `decays` to itself with decays."""
    results = read_study(ROOT / "artifact" / "results" / "small" / study).results
    tasks = {task for task, _ in results}
    if study == "decays":
        pairs = [(name, name.removesuffix("-nodecay")) for _, name in results if name.endswith("-nodecay")]
    else:
        pairs = [(name, "Adam") for _, name in results if name != "Adam"]
    compared = [difference(results[task, one], results[task, other]) for task in tasks for one, other in pairs]
    return [100 * each.detectable for each in compared]


@pytest.mark.parametrize(
    ("study", "pattern"),
    [
        ("main", r"differences of (\S+) to (\S+) points in the main study"),
        ("schedules", r"(\S+) to (\S+) in `schedules`"),
        ("decays", r"(\S+) to (\S+) in `decays`"),
        ("finetune", r"in `finetune` (\S+) to (\S+) \("),
    ],
)
def test_the_differences_that_the_seeds_find(study: str, pattern: str) -> None:
    values = found(study)
    assert re.search(pattern, TEXT).groups() == (f"{min(values):.1f}", f"{max(values):.1f}")


@pytest.mark.parametrize(
    ("study", "pattern"), [("main", r"against Adam; median (\S+)\)"), ("finetune", r"\(median (\S+)\)")]
)
def test_their_medians(study: str, pattern: str) -> None:
    assert re.search(pattern, TEXT)[1] == f"{statistics.median(found(study)):.1f}"
