"""The first line of the answer follows the verdicts, whatever they are."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from reproduce.report.analysis.verdicts import Verdict
from reproduce.report.claims.claim import Checked
from reproduce.report.pages.networks import networks_tables
from reproduce.report.pages.paper_claims import CLAIMS_OF_ABSTRACT, paper_claims_sentence
from reproduce.report.pages.reproduction import kept_verdicts

NAMES = [name for claim in CLAIMS_OF_ABSTRACT for name in claim.tests.values()]


def given(verdicts: Mapping[str, Verdict], profile: str = "small") -> list[Checked]:
    """The kept claims, those of ``verdicts`` decided by a profile, all others without rows."""
    return [
        replace(
            each,
            profile=profile if each.claim.name in verdicts else None,
            verdict=verdicts.get(each.claim.name, "NOT RUN"),
        )
        for each in kept_verdicts()
    ]


def test_each_test_is_a_claim_of_the_abstract() -> None:
    of_the_paper = {each.claim.name: each.claim for each in kept_verdicts() if each.claim.source == "paper"}
    assert set(NAMES) <= set(of_the_paper)
    assert all("small" in of_the_paper[name].profiles for name in NAMES)


@pytest.mark.parametrize(
    ("verdicts", "whole"),
    [
        (dict.fromkeys(NAMES, "SUPPORTED"), "Yes, on small"),
        (dict.fromkeys(NAMES, "CONTRADICTED"), "Not, on small"),
        (dict.fromkeys(NAMES, "UNDECIDED"), "Not known, on small"),
        (dict.fromkeys(NAMES[:1], "SUPPORTED") | dict.fromkeys(NAMES[1:], "EQUIVALENT"), "In part, on small"),
        ({}, "Not known, on small"),
    ],
)
def test_the_whole_is_that_of_the_parts(verdicts: Mapping[str, Verdict], whole: str) -> None:
    sentence = paper_claims_sentence(given(verdicts))
    assert sentence.startswith(f"**Do the paper's claims hold? {whole}")
    assert "at the paper's own size nothing was run.**" in sentence


def test_what_is_not_better_is_said() -> None:
    sentence = paper_claims_sentence(given({NAMES[0]: "SUPPORTED", NAMES[1]: "CONTRADICTED"}))
    assert "beat Adam: yes on CIFAR-10; no (worse) on Tiny ImageNet; not run on Flowers 102." in sentence


def test_rows_of_full_size_are_counted_and_decide_nothing_small() -> None:
    sentence = paper_claims_sentence(given({"optimizers-beat-adam": "SUPPORTED", NAMES[-1]: "SUPPORTED"}, "gpu"))
    assert "Not known, on small" in sentence
    assert "2 of 2 tests are SUPPORTED.**" in sentence


def test_the_rates_of_other_networks_come_with_their_runs() -> None:
    tables = networks_tables()
    assert "Study `architectures` of profile `smoke`" in tables
    assert "(n = 2 seeds)" in tables
    assert "| Adam | 0.01: 74.3 | 0.1: 31.9 | 0.01: 16.9 |" in tables
