"""Claims about a data set are decided by runs on it."""

import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path

from reproduce.data.catalog import CATALOG
from reproduce.report.claims.claim import CLAIMS, load_claims
from reproduce.report.claims.predicates import BeatReference, OfTask, Predicate
from reproduce.report.collection import Collection
from reproduce.study.protocol import load_protocol
from tests.report.result_cases import invented, protocol_of


def test_a_claim_about_a_data_set_is_decided_on_that_data_set_alone() -> None:
    named = 0
    for each, predicate in load_claims(CLAIMS):
        statement = re.sub(r"\W", "", each.statement.casefold())
        titles = {name: re.sub(r"\W", "", entry.title.casefold()) for name, entry in CATALOG.items()}
        for data in (name for name, title in titles.items() if re.search(rf"{title}(?!\d)", statement)):
            named += 1
            assert getattr(predicate, "task", None), each.name
            assert sources_of(each.profiles, predicate) == {data}, each.name
    assert named


def test_the_task_that_a_claim_names_is_there_in_every_profile() -> None:
    claims = load_claims(CLAIMS)
    named = {each.name for each, predicate in claims if isinstance(predicate, OfTask)}
    assert {"best-evolved-on-cifar10", "optimizers-beat-adam-2000", "transfer-cifar100", "finetune-flowers102"} <= named
    for each, predicate in claims:
        if isinstance(predicate, OfTask):
            data, _, steps = predicate.task.partition("-")
            assert sources_of(each.profiles, predicate) == {data}, each.name
            if steps:
                assert lengths_of(each.profiles, predicate) == {int(steps)}, each.name
                assert f"after {int(steps):,} updates" in each.statement, each.name


def test_runs_on_another_task_of_the_study_do_not_count_for_a_claim_that_names_its_own() -> None:
    study = invented(protocol_of("main", ("Opt1", "Adam"), ("digits", "other")), {"Opt1": 0.2, "Adam": 0.1})
    worse = tuple(
        dataclasses.replace(row, test_accuracy=row.test_accuracy - 0.3)
        if (row.task, row.optimizer) == ("other", "Opt1") and row.test_accuracy is not None
        else row
        for row in study.rows
    )
    found = Collection("tiny", Path("tiny"), (dataclasses.replace(study, rows=worse),), {}, None, None)
    assert BeatReference("main", "digits", 1, ("Opt1",), ("Adam",)).check(found).verdict == "SUPPORTED"
    assert BeatReference("main", "other", 1, ("Opt1",), ("Adam",)).check(found).verdict == "CONTRADICTED"


def lengths_of(profiles: Sequence[str], predicate: Predicate) -> set[int]:
    """Steps of a run on the task that a predicate names, in the study of each profile."""
    trainings = [load_protocol(each, predicate.study).task(predicate.task).training for each in profiles]
    return {each.epochs * (each.steps_per_epoch or 0) for each in trainings}


def sources_of(profiles: Sequence[str], predicate: Predicate) -> set[str]:
    """The data of the task that a predicate names, in the study of each profile."""
    protocols = (load_protocol(profile, predicate.study) for profile in profiles)
    return {protocol.task(predicate.task).data.source for protocol in protocols}
