"""The primary analysis once more, from the raw lines of the kept ledgers by p-values, gives the same verdicts."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from paper_optimizers import describe, names
from reproduce.report.analysis.studies import against
from reproduce.report.collection import read_study
from reproduce.report.pages import ARTIFACT

STUDIES = sorted(path.parent for path in (ARTIFACT / "results").glob("*/*/ledger.jsonl"))
COMPARED = ("main", "transfer", "finetune", "schedules", "decays")


def finals_of(folder: Path) -> dict[tuple[str, str], dict[int, dict]]:
    """By task and optimizer: the final rows by seed."""
    found: dict[tuple[str, str], dict[int, dict]] = {}
    for line in (folder / "ledger.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        if row.get("phase") == "final":
            found.setdefault((row["task"], row["optimizer"]), {})[row["seed"]] = row
    return found


def accuracy(row: dict) -> float:
    return 1 / row["num_classes"] if row["test_accuracy"] is None else row["test_accuracy"]


def curve(row: dict) -> list[float]:
    return [*row["curve"]["validation_accuracy"], row["test_accuracy"]]


def same(one: dict[int, dict], other: dict[int, dict]) -> bool:
    first, second = next(iter(one.values())), next(iter(other.values()))
    if first["fingerprint"] and first["fingerprint"] == second["fingerprint"]:
        return True
    setting = [(row["rate"], row.get("weight_decay")) for row in (first, second)]
    if setting[0] != setting[1] or any(
        row["outcome"]["kind"] != "finished" for row in (*one.values(), *other.values())
    ):
        return False
    return float(np.mean([np.abs(np.subtract(curve(one[seed]), curve(other[seed]))) for seed in one])) <= 0.001


def is_papers(optimizer: str) -> bool:
    base = optimizer.partition("+")[0].removesuffix("-nodecay")
    return "+" in optimizer or (base in names() and describe(base).family != "baseline")


def verdict(differences: np.ndarray, margin: float, comparisons: int) -> str:
    """By a two-sided p-value, and two one-sided ones against the margin's ends."""
    level = (0.04 if len(differences) <= 20 else 0.01) / comparisons
    tested = stats.ttest_1samp(differences, 0.0)
    if tested.pvalue < level:
        return "SUPPORTED" if tested.statistic > 0 else "CONTRADICTED"
    above = stats.ttest_1samp(differences, -margin, alternative="greater").pvalue
    below = stats.ttest_1samp(differences, margin, alternative="less").pvalue
    return "EQUIVALENT" if max(above, below) < level / 2 else "UNDECIDED"


@pytest.mark.slow
@pytest.mark.parametrize(
    "folder", [path for path in STUDIES if path.name in COMPARED], ids=lambda path: f"{path.parent.name}-{path.name}"
)
def test_the_verdicts_against_adam_are_the_same(folder: Path) -> None:
    study, finals = read_study(folder), finals_of(folder)
    for task in study.tasks:
        if (task, "Adam") not in finals:
            continue
        runs = {entrant.name: finals[task, entrant.name] for entrant in study.entrants}
        groups: list[list[str]] = []
        for name in runs:
            group = next((group for group in groups if same(runs[group[0]], runs[name])), None)
            groups.append([name]) if group is None else group.append(name)
        adam = np.array([accuracy(row) for _, row in sorted(runs["Adam"].items())])
        classes = runs["Adam"][min(runs["Adam"])]["num_classes"]
        margin = min(0.01, 0.1 * (1 - adam.mean()) * classes / (classes - 1))
        others = [group for group in groups if "Adam" not in group]
        expected = {}
        for group in others:
            family = sum(is_papers(other[0]) == is_papers(group[0]) for other in others)
            values = np.array([accuracy(row) for _, row in sorted(runs[group[0]].items())])
            expected[", ".join(group)] = verdict(values - adam, margin, family)
        found = {each.label: each.verdict for each in against(study, task, study.results[task, "Adam"])}
        assert found == expected
