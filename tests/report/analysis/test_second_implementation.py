"""The primary analysis once more, from raw lines of ledgers by p-values and at both looks, gives the same verdicts."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from paper_optimizers import describe, names
from reproduce.report.analysis.studies import against
from reproduce.report.collection import read_study
from reproduce.report.pages import ARTIFACT
from tests.report.analysis.test_looks import drawn_study
from tests.report.result_cases import write_study

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


def verdict(differences: np.ndarray, margin: float, level: float) -> str:
    """By a two-sided p-value, and two one-sided ones against the margin's ends."""
    tested = stats.ttest_1samp(differences, 0.0)
    if tested.pvalue < level:
        return "SUPPORTED" if tested.statistic > 0 else "CONTRADICTED"
    above = stats.ttest_1samp(differences, -margin, alternative="greater").pvalue
    below = stats.ttest_1samp(differences, margin, alternative="less").pvalue
    return "EQUIVALENT" if max(above, below) < level / 2 else "UNDECIDED"


def judged(runs: list[dict], adam: list[dict], family: int) -> str:
    """The verdict on runs beside Adam's of the same seeds."""
    values, reference = (np.array([accuracy(row) for row in rows]) for rows in (runs, adam))
    classes = adam[0]["num_classes"]
    margin = min(0.01, 0.1 * (1 - reference.mean()) * classes / (classes - 1))
    return verdict(values - reference, margin, (0.04 if len(runs) <= 20 else 0.01) / family)


def expected_verdicts(finals: dict[str, dict[int, dict]], planned: list[int]) -> dict[str, str]:
    """By optimizers that are one function: judged by the planned seeds; what is then open, by all that there are."""
    first = {name: {seed: rows[seed] for seed in planned} for name, rows in finals.items()}
    groups: list[list[str]] = []
    for name in first:
        group = next((group for group in groups if same(first[group[0]], first[name])), None)
        groups.append([name]) if group is None else group.append(name)
    others, expected = [group for group in groups if "Adam" not in group], {}
    for group in others:
        family = sum(is_papers(other[0]) == is_papers(group[0]) for other in others)
        for runs in (first, finals):
            own, adam = ([rows for _, rows in sorted(runs[name].items())] for name in (group[0], "Adam"))
            expected[", ".join(group)] = judged(own, adam, family)
            if expected[", ".join(group)] != "UNDECIDED" or len(finals["Adam"]) == len(planned):
                break
    return expected


def require_same_verdicts(folder: Path) -> set[str]:
    """Compare both implementations on a study's folder; returns the verdicts that were met."""
    study, finals = read_study(folder), finals_of(folder)
    planned = json.loads((folder / "protocol.json").read_text("utf-8"))["protocol"]["seeds"]["final"]
    met: set[str] = set()
    for task in study.tasks:
        if (task, "Adam") not in finals:
            continue
        expected = expected_verdicts({each.name: finals[task, each.name] for each in study.entrants}, planned)
        found = {each.label: each.verdict for each in against(study, task, study.results[task, "Adam"])}
        assert found == expected
        met |= set(found.values())
    return met


@pytest.mark.slow
@pytest.mark.parametrize(
    "folder", [path for path in STUDIES if path.name in COMPARED], ids=lambda path: f"{path.parent.name}-{path.name}"
)
def test_the_verdicts_against_adam_are_the_same(folder: Path) -> None:
    require_same_verdicts(folder)


@pytest.mark.slow
def test_the_verdicts_of_studies_that_were_run_on_are_the_same(tmp_path: Path) -> None:
    """Twelve invented studies of noisy runs, of which 20 seeds leave many open and 21 to 60 settle some."""
    random, met = np.random.default_rng(11), set()
    for total in range(21, 61, 10):
        for number in range(3):
            study = drawn_study(total, random)
            met |= require_same_verdicts(write_study(tmp_path / f"{total}-{number}", study))
            first = {each.label: each for each in against(study, "digits", study.results["digits", "Adam"])}
            met |= {str(each.difference.n) for each in first.values() if each.difference is not None}
    assert met >= {"SUPPORTED", "CONTRADICTED", "EQUIVALENT", "UNDECIDED", "20", "21", "31", "41", "51"}
