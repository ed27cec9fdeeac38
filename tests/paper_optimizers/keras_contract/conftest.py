"""The table of optimizers drives the contract: a test that asks for ``make`` runs once for each of them."""

from collections.abc import Callable

import keras
import pytest

from tests.paper_optimizers.keras_contract.worlds import OPTIMIZERS


@pytest.fixture(params=OPTIMIZERS)
def make(request: pytest.FixtureRequest) -> Callable[..., keras.optimizers.Optimizer]:
    """Makes one of the optimizers of the table."""
    return OPTIMIZERS[request.param]
