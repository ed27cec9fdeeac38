"""What one step moves, and how: rows of alike tensors with the scalars that they share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import torch

from paper_optimizers.namespaces import NUMPY
from paper_optimizers.ops import FUNCTIONS
from paper_optimizers.step import PureOptimizer, StepValues, moves_rows_alone
from paper_optimizers.torch.blocks import Row, move_blocks, move_rows, move_whole
from paper_optimizers.torch.namespace import TORCH
from paper_optimizers.torch.pieces import is_large, move_pieces
from paper_optimizers.torch.recording import RecordingNamespace, Term
from paper_optimizers.torch.settings import Group, RunSettings, peak_share, pure_optimizer


class GroupStep(NamedTuple):
    """How a group is moved, as long as its options stay."""

    group: Group
    course: RunSettings
    pure: PureOptimizer

    def values(self, skipped: Any) -> StepValues:
        """The scalars of the coming update of a parameter that had no gradient in ``skipped`` others."""
        if self.group["capturable"]:
            return self.pure.values(self.group["updates"], skipped)
        with np.errstate(all="ignore"):
            values = pure_optimizer(self.course, NUMPY).values(self.group["updates"], skipped)
        return values.map(lambda value: None if value is None else float(value))

    def rate(self) -> Any:
        """The rate of the coming update, before the spec's factor."""
        rate = self.group["lr"]
        if isinstance(rate, torch.Tensor):
            rate = rate.reshape(())
        if not self.group["lr_is_peak"]:
            return rate
        if self.group["capturable"]:
            return rate * peak_share(self.group, TORCH, self.group["updates"])
        return rate * float(peak_share(self.group, NUMPY, self.group["updates"]))


class StepGroup(NamedTuple):
    """Rows that are moved alike: of one group, device and dtypes, with one number of updates before.

    Attributes:
        step: How their group is moved.
        rows: A parameter, its gradient and its arrays each.
        values: The scalars of the step.
        rate: The rate before the spec's factor.
        place: Numbers of group and parameter, where the spec draws masks.
        compiled: Whether this is being compiled, which makes better use of whole tensors.
    """

    step: GroupStep
    rows: list[Row]
    values: StepValues
    rate: Any
    place: tuple[int, int] | None
    compiled: bool

    def with_tensors(self) -> StepGroup:
        """The same with scalars that are tensors, so that what is compiled holds for every step."""
        return self._replace(values=self.values.map(_tensor), rate=_tensor(self.rate), compiled=True)

    def run(self) -> None:
        """Move the tensors of the group by one step."""
        weight, gradient = self.rows[0][:2]
        if gradient.is_sparse:
            for row in self.rows:
                self._move_sparse(row)
        elif self.compiled or self.place or not _is_plain(weight) or self.step.group["foreach"] is False:
            move_whole(self.rows, self.move)
        else:
            self._run_together()

    def _run_together(self) -> None:
        whole = needs_tensor(self.step.pure)
        large = [] if self.step.group["capturable"] else [row for row in self.rows if is_large(row)]
        if large:
            move_pieces(large, self._record, each=whole)
        others = [row for row in self.rows if not is_large(row)] if large else self.rows
        if others:
            (move_whole if whole else move_blocks)(others, self.move)

    def move(self, row: Row) -> Sequence[Any]:
        """The new weight and arrays of a row."""
        weight, gradient, *arrays = row
        dtype = state_dtype(weight)
        return self._moved(self.step.pure, self.rate, (weight.to(dtype), gradient.to(dtype), *arrays))

    def _record(self, xp: RecordingNamespace, terms: Sequence[Term]) -> Sequence[Any]:
        return self._moved(replace(self.step.pure, xp=xp), float(self.rate), terms)

    def _moved(self, pure: PureOptimizer, rate: Any, row: Sequence[Any]) -> Sequence[Any]:
        weight, gradient, *arrays = row
        left = iter(arrays)
        moved, state = pure.move(
            self.values,
            rate,
            -gradient if self.step.group["maximize"] else gradient,
            weight,
            pure.init_tensor(lambda name: next(left)),
            weight_decay=self.step.group["weight_decay"] or None,
            draw=None if self.place is None else self._draw,
        )
        return moved, *state.arrays()

    def _draw(self, number: int, tensor: Any) -> Any:
        """Uniform numbers that seed, update and the parameter's place decide, wherever the run was resumed."""
        words = [self.step.group["seed"], self.step.group["updates"], *(self.place or ()), number]
        low, high = np.random.SeedSequence(words).generate_state(2).tolist()
        generator = torch.Generator(tensor.device).manual_seed(low + (high << 31))
        return torch.rand(tensor.shape, generator=generator, dtype=tensor.dtype, device=tensor.device)

    def _move_sparse(self, row: Row) -> None:
        """Move the rows that a sparse gradient names where others stay as they are, else all."""
        weight, gradient, *arrays = row
        gradient = gradient.coalesce()
        alone = not self.step.group["weight_decay"] and moves_rows_alone(self.step.pure.program)
        if alone and gradient.sparse_dim() == 1:
            move_rows((weight, gradient, *arrays), self.move)
        else:
            move_whole([(weight, gradient.to_dense(), *arrays)], self.move)


def needs_tensor(pure: PureOptimizer) -> bool:
    """Whether the spec looks at whole tensors."""
    return any(FUNCTIONS[each.op].needs == "tensor" for each in pure.program.instructions if each.op in FUNCTIONS)


def state_dtype(param: Any) -> torch.dtype:
    """The type in which a step is computed, and in which all that is kept from step to step is kept."""
    return torch.float64 if param.dtype == torch.float64 else torch.float32


def _is_plain(tensor: Any) -> bool:
    """Whether it is a tensor of torch itself, and not a `DTensor` or another class with storage of its own."""
    return type(tensor) is torch.Tensor


def _tensor(value: Any) -> Any:
    return value if value is None or isinstance(value, torch.Tensor) else torch.tensor(value, dtype=torch.float64)
