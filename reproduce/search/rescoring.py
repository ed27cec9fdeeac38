"""After a search: its best candidates scored again with fresh seeds, beside known optimizers under the same rule.

The best of many noisy scores is too good: what is left of it with fresh seeds is what was found.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from paper_optimizers import from_text, get
from paper_optimizers.catalog import UnknownNameError
from paper_optimizers.spec import OptimizerSpec
from reproduce.errors import ProtocolError
from reproduce.machine import versions
from reproduce.search.protocol import SearchProtocol
from reproduce.search.results import Found
from reproduce.search.search import Surrogates
from reproduce.search.trials import Contender, Setting, Trial, open_trials, run_trials

#: The part of the ledger that rescoring and noise belong to.
PART = "evolution"

#: What Keras' AdamW takes off the weights by default, times the rate.
ADAMW_DECAY = 0.004


@dataclass(frozen=True)
class Finalist:
    """A candidate that is scored again.

    Attributes:
        contender: The optimizer under its name.
        search_score: The score that it was chosen by.
        text: What it is.
    """

    contender: Contender
    search_score: float
    text: str


def finalists(found: Sequence[Found], prefix: str = "") -> list[Finalist]:
    """The finds as contenders, named by their sample's number."""
    return [
        Finalist(Contender(f"{prefix}#{each.sample}", each.spec, each.fingerprint), each.score, each.text)
        for each in found
    ]


def baselines(names: Sequence[str]) -> list[Contender]:
    """Known optimizers by name.

    Raises:
        ProtocolError: If the catalog has no such name.
    """
    return [Contender.of(name, known_spec(name)) for name in names]


def known_spec(name: str) -> OptimizerSpec:
    """The spec of an optimizer of the catalog, or of AdamW, which is Adam's update plus a share of the weight.

    Raises:
        ProtocolError: If the catalog has no such name.
    """
    if name != "AdamW":
        try:
            return get(name)
        except UnknownNameError as error:
            raise ProtocolError(str(error.args[0])) from None
    update = get("Adam").to_text().removeprefix("None ~ ")
    return from_text(f"None ~ ({update})+({ADAMW_DECAY}w)")


def different(contenders: Sequence[Contender]) -> list[Contender]:
    """The contenders without those that compute what an earlier one does."""
    first: dict[str, Contender] = {}
    for contender in contenders:
        first.setdefault(contender.fingerprint, contender)
    return list(first.values())


def rescore(
    protocol: SearchProtocol,
    path: Path,
    surrogates: Surrogates,
    contenders: Sequence[Contender],
    seeds: Sequence[int],
    told: Callable[[Trial, int], None],
    notice: Callable[[str], None],
) -> list[Trial]:
    """Score ``contenders`` on the evolution stage with ``seeds``, or what the ledger at ``path`` lacks of it.

    Args:
        protocol: The protocol.
        path: The ledger of trials.
        surrogates: Scores candidates.
        contenders: What is scored; those that compute the same are scored once.
        seeds: Common to all.
        told: Is told each new trial and how many are left.
        notice: Is told what the user should know.

    Raises:
        LedgerError: If the ledger cannot be used, or is of another protocol or other data.
    """
    setting = Setting(
        part=PART,
        protocol=protocol.scoring_hash(),
        data=surrogates.data["evolution"],
        device=surrogates.device(),
        versions=versions("jax"),
    )
    with open_trials(path, notice) as ledger:
        return run_trials(ledger, setting, different(contenders), seeds, lambda: surrogates.executor("evolution"), told)
