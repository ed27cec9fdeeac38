"""The first line of the answer: whether the claims of the paper's abstract hold, from the verdicts of the kept rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from reproduce.counts import enumerated
from reproduce.report.analysis.verdicts import VERDICTS, Verdict
from reproduce.report.claims.claim import Checked

#: Verdicts as answers to "does it hold?".
_ANSWERS: Mapping[Verdict, str] = {
    "SUPPORTED": "yes",
    "CONTRADICTED": "no (worse)",
    "EQUIVALENT": "no (equal within the margin)",
    "UNDECIDED": "undecided",
    "NOT RUN": "not run",
}
#: The profile of small networks and images, and those of the paper's size.
_SMALL, _FULL = "small", ("gpu", "paper")


class PaperClaim(NamedTuple):
    """A claim of the abstract in words, and by task the name of the claim that tests it on small networks."""

    words: str
    tests: Mapping[str, str]


CLAIMS_OF_ABSTRACT = (
    PaperClaim(
        "Several evolved optimizers beat Adam",
        {
            "CIFAR-10": "optimizers-beat-adam-2000",
            "Tiny ImageNet": "transfer-tiny-imagenet-2000",
            "Flowers 102": "finetune-flowers102-180",
        },
    ),
    PaperClaim(
        "Several beat each of eight common optimizers, SGD to Nadam", {"CIFAR-10": "optimizers-beat-others-2000"}
    ),
    PaperClaim("Its variants of Adam beat Adam", {"CIFAR-10": "adam-variants-beat-adam-2000"}),
    PaperClaim("Its schedules improve Adam", {"CIFAR-10": "schedules-help-adam"}),
)


def paper_claims_sentence(checked: Sequence[Checked]) -> str:
    """Say whether the claims hold as a whole, what was run at full size, and the answer to each by task."""
    verdicts = {each.claim.name: each.verdict if each.profile == _SMALL else "NOT RUN" for each in checked}
    tested = [verdicts[name] for claim in CLAIMS_OF_ABSTRACT for name in claim.tests.values()]
    parts = [
        f"**Do the paper's claims hold? {_whole(tested)}, on small networks and images (profile `{_SMALL}`); "
        f"{_full_size(checked)}.**"
    ]
    for claim in CLAIMS_OF_ABSTRACT:
        by_verdict = {
            verdict: [place for place, name in claim.tests.items() if verdicts[name] == verdict] for verdict in VERDICTS
        }
        answers = "; ".join(
            f"{_ANSWERS[verdict]} on {enumerated(places)}" for verdict, places in by_verdict.items() if places
        )
        parts.append(f"{claim.words}: {answers}.")
    return " ".join(parts)


def _whole(verdicts: Iterable[Verdict]) -> str:
    found = {each for each in verdicts if each != "NOT RUN"}
    if "SUPPORTED" not in found:
        return "Not" if found - {"UNDECIDED"} else "Not known"
    return "Yes" if found == {"SUPPORTED"} else "In part"


def _full_size(checked: Iterable[Checked]) -> str:
    """Say what became of the tests at the paper's own size or near it: those that its profiles decided."""
    run = [each.verdict for each in checked if each.claim.source == "paper" and each.profile in _FULL]
    if not run:
        return "at the paper's own size nothing was run"
    return f"at full size (profiles {' and '.join(_FULL)}) {run.count('SUPPORTED')} of {len(run)} tests are SUPPORTED"
