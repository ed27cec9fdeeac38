"""After a search: its best candidates scored again with fresh seeds, beside known optimizers under the same rule.

The best of many noisy scores is too good: what is left of it with fresh seeds is what was found.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from paper_optimizers import get
from paper_optimizers.catalog import UnknownNameError
from reproduce.errors import ProtocolError
from reproduce.search.protocol import SearchProtocol
from reproduce.search.trials import Contender, Trial, open_trials, run_trials
from reproduce.tasks.scoring import Scorer

#: The stage that rescoring and noise are scored on, as the part of their trials.
RESCORED_STAGE = "evolution"


def baselines(names: Sequence[str]) -> list[Contender]:
    """Known optimizers by name.

    Raises:
        ProtocolError: If the catalog has no such name.
    """
    try:
        return [Contender.of(name, get(name)) for name in names]
    except UnknownNameError as error:
        raise ProtocolError(str(error.args[0])) from None


def different(contenders: Sequence[Contender]) -> list[Contender]:
    """The contenders without those that compute what an earlier one does."""
    first: dict[str, Contender] = {}
    for contender in contenders:
        first.setdefault(contender.fingerprint, contender)
    return list(first.values())


def rescore(
    protocol: SearchProtocol,
    path: Path,
    scorer: Scorer,
    contenders: Sequence[Contender],
    seeds: Sequence[int],
    on_trial: Callable[[Trial, int], None],
    notify: Callable[[str], None],
) -> list[Trial]:
    """Score ``contenders`` on the evolution stage with ``seeds``, or what the ledger at ``path`` lacks of it.

    Args:
        protocol: The protocol.
        path: The ledger of trials.
        scorer: Of the evolution stage.
        contenders: What is scored; those that compute the same are scored once.
        seeds: Common to all.
        on_trial: Called with each new trial and how many are left.
        notify: Called with what the user should know.

    Raises:
        LedgerError: If the ledger cannot be used, or is of another protocol or other data.
    """
    with open_trials(path, notify) as ledger:
        return run_trials(
            ledger, RESCORED_STAGE, protocol.scoring_hash(), scorer, different(contenders), seeds, on_trial
        )
