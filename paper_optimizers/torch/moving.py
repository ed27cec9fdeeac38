"""Mover of rows: a compiled spec with the scalars of one step, run over whole tensors, blocks or pieces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import torch

from paper_optimizers.ops import FUNCTIONS
from paper_optimizers.step import Draw, PureOptimizer, StepValues, moves_rows_alone
from paper_optimizers.torch.blocks import Row, move_blocks, move_rows, move_whole
from paper_optimizers.torch.pieces import is_large, move_pieces
from paper_optimizers.torch.recording import RecordingNamespace, Term


class Mover(NamedTuple):
    """One step of a spec; the rows that it moves are a parameter, its gradient and its arrays each.

    Attributes:
        pure: The compiled spec over torch's namespace.
        values: The scalars of the step, numbers or tensors.
        rate: The rate before the spec's factor.
        weight_decay: How much of the weight is taken before the step, times the applied rate.
        maximize: Whether to climb.
        draw: Source of masks, where the spec draws them.
    """

    pure: PureOptimizer
    values: StepValues
    rate: Any
    weight_decay: float = 0.0
    maximize: bool = False
    draw: Draw | None = None

    def move(self, row: Row) -> Sequence[Any]:
        """The new weight and arrays of a row."""
        weight, gradient, *arrays = row
        dtype = state_dtype(weight)
        return self._moved(self.pure, self.rate, (weight.to(dtype), gradient.to(dtype), *arrays))

    def move_each(self, rows: Sequence[Row]) -> None:
        """Move every row by itself."""
        move_whole(rows, self.move)

    def move_together(self, rows: Sequence[Row], *, in_pieces: bool) -> None:
        """Move small tensors together, and large ones in pieces where the scalars are numbers (``in_pieces``)."""
        whole = needs_tensor(self.pure)
        large = [row for row in rows if is_large(row)] if in_pieces else []
        if large:
            move_pieces(large, self._record, each=whole)
        others = [row for row in rows if not is_large(row)] if large else rows
        if others:
            (move_whole if whole else move_blocks)(others, self.move)

    def move_sparse(self, row: Row) -> None:
        """Move the rows that a sparse gradient names where others stay as they are, else all."""
        weight, gradient, *arrays = row
        gradient = gradient.coalesce()
        if not self.weight_decay and moves_rows_alone(self.pure.program) and gradient.sparse_dim() == 1:
            move_rows((weight, gradient, *arrays), self.move)
        else:
            move_whole([(weight, gradient.to_dense(), *arrays)], self.move)

    def _record(self, xp: RecordingNamespace, terms: Sequence[Term]) -> Sequence[Any]:
        return self._moved(replace(self.pure, xp=xp), float(self.rate), terms)

    def _moved(self, pure: PureOptimizer, rate: Any, row: Sequence[Any]) -> Sequence[Any]:
        weight, gradient, *arrays = row
        left = iter(arrays)
        moved, state = pure.move(
            self.values,
            rate,
            -gradient if self.maximize else gradient,
            weight,
            pure.init_tensor(lambda name: next(left)),
            weight_decay=self.weight_decay or None,
            draw=self.draw,
        )
        return moved, *state.arrays()


def needs_tensor(pure: PureOptimizer) -> bool:
    """Whether the spec looks at whole tensors."""
    return any(FUNCTIONS[each.op].needs == "tensor" for each in pure.program.instructions if each.op in FUNCTIONS)


def state_dtype(param: Any) -> torch.dtype:
    """The type in which a step is computed, and in which all that is kept from step to step is kept."""
    return torch.float64 if param.dtype == torch.float64 else torch.float32


def is_plain(tensor: Any) -> bool:
    """Whether it is a tensor of torch itself, and not a `DTensor` or another class with storage of its own."""
    return type(tensor) is torch.Tensor
