"""Sparse gradients of embeddings: rows that are moved alone where the spec allows it, and right numbers everywhere."""

import pytest

from tests.paper_optimizers.torch.worlds import TABLE, arrays, assert_close, door, torch

ROWS = torch.tensor([3, 1, 3, 5])


def step(optimizer, table, *, sparse: bool) -> None:
    optimizer.zero_grad()
    rows = torch.nn.functional.embedding(ROWS, table, sparse=sparse)
    (rows * torch.arange(8.0).view(4, 2)).sum().backward()
    assert table.grad.is_sparse == sparse
    optimizer.step()


@pytest.mark.parametrize("name", ["SGD", "Adagrad", "Opt1", "Opt9", "A5"])
@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
def test_the_numbers_are_those_of_dense_gradients(name: str, weight_decay: float) -> None:
    tables = [torch.nn.Parameter(torch.linspace(-1, 1, 14).view(7, 2)) for _ in range(2)]
    optimizers = [door.create(name, [table], lr=0.1, total_steps=9, weight_decay=weight_decay) for table in tables]
    for _ in range(3):
        step(optimizers[0], tables[0], sparse=True)
        step(optimizers[1], tables[1], sparse=False)
    assert_close([tables[0]], [tables[1]], 1e-6)


def test_rows_are_moved_alone() -> None:
    """A NaN in a row that no gradient names would else be written again, and a hook would see the whole."""
    table = torch.nn.Parameter(torch.ones(7, 2))
    optimizer = door.create("Adagrad", [table], lr=0.1)
    step(optimizer, table, sparse=True)
    still = [row for row in range(7) if row not in ROWS.tolist()]
    assert (arrays([table])[0][still] == 1.0).all()
    (state,) = [value for key, value in optimizer.state[table].items() if key != "skipped"]
    assert not state[still].any()
    assert state[1].any()


def test_every_optimizer_takes_them() -> None:
    for make in TABLE.values():
        table = torch.nn.Parameter(torch.ones(7, 2))
        step(make([table]), table, sparse=True)
