"""Which numbers are moved together: small tensors are joined to one block, large ones are cut into several.

A step is some twenty operations a weight. Over a block that stays in the processor's cache they cost little more than
reading and writing once; over small tensors it is the number of calls that costs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch

#: Numbers in a block on a processor: the temporaries of a step fit in its caches.
CPU_BLOCK = 2**15
#: On other devices tensors are not cut, and those below this size are joined.
DEVICE_BLOCK = 2**20

#: One parameter's weight, gradient and state arrays, all of one shape.
Row = Sequence[torch.Tensor]
#: ``(tensors of one block) -> the new weight and state arrays``, without the gradient.
Move = Callable[[Row], Sequence[torch.Tensor]]


def move_whole(rows: Sequence[Row], move: Move) -> None:
    """Move each tensor by itself, in its own shape."""
    for row in rows:
        write(row, move(row))


def move_blocks(rows: Sequence[Row], move: Move) -> None:
    """Move tensors of one device, dtype and settings in blocks, however they lie in memory."""
    size = CPU_BLOCK if rows[0][0].device.type == "cpu" else DEVICE_BLOCK
    small: list[Row] = []
    for row in rows:
        if row[0].numel() < size or not all(tensor.is_contiguous() for tensor in row):
            small.append(row)
            continue
        flat = [tensor.view(-1) for tensor in row]
        if row[0].device.type != "cpu":
            write(flat, move(flat))
            continue
        for piece in zip(*(tensor.split(size) for tensor in flat), strict=True):
            write(piece, move(piece))
    for joined in _joined(small, size):
        _move_joined(joined, move)


def _joined(rows: Sequence[Row], size: int) -> Iterator[list[Row]]:
    """Runs of rows with at most ``size`` numbers, or of one row."""
    run: list[Row] = []
    count = 0
    for row in rows:
        if run and count + row[0].numel() > size:
            yield run
            run, count = [], 0
        run.append(row)
        count += row[0].numel()
    if run:
        yield run


def _move_joined(rows: Sequence[Row], move: Move) -> None:
    columns = [list(column) for column in zip(*rows, strict=True)]
    moved = move([torch.cat([tensor.reshape(-1) for tensor in column]) for column in columns])
    sizes = [row[0].numel() for row in rows]
    targets = [columns[0], *columns[2:]]
    for column, flat in zip(targets, moved, strict=True):
        parts = [part.view(tensor.shape) for part, tensor in zip(flat.split(sizes), column, strict=True)]
        torch._foreach_copy_(column, parts)


def write(row: Row, moved: Sequence[Any]) -> None:
    """Assign new weight and state arrays; the gradient, second of the row, stays."""
    weight, _, *arrays = row
    for target, value in zip((weight, *arrays), moved, strict=True):
        target.copy_(value)


def move_rows(row: Row, move: Move) -> None:
    """Move the rows alone that a sparse gradient, coalesced, names."""
    weight, gradient, *arrays = row
    numbers = gradient.indices()[0]
    moved = move((weight[numbers], gradient.values(), *(array[numbers] for array in arrays)))
    for target, value in zip((weight, *arrays), moved, strict=True):
        target.index_copy_(0, numbers, value.to(target.dtype))
