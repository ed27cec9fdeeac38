"""The table of optimizers drives the contract: a test that asks for ``make`` runs once for each of them.

``CONTRACT_OPTIMIZERS`` names those of the table to run, separated by commas; unset means all.
"""

import os
from collections.abc import Callable

import keras
import pytest

from tests.paper_optimizers.keras_contract.worlds import OPTIMIZERS

CHOSEN = os.environ.get("CONTRACT_OPTIMIZERS", ",".join(OPTIMIZERS)).split(",")


@pytest.fixture(params=CHOSEN)
def make(request: pytest.FixtureRequest) -> Callable[..., keras.optimizers.Optimizer]:
    """Makes one of the optimizers of the table."""
    return OPTIMIZERS[request.param]
