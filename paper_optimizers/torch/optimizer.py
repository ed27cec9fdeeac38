"""The optimizer of PyTorch: one class of `torch.optim` that runs any spec over parameter groups."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
import torch

from paper_optimizers.namespaces import NUMPY
from paper_optimizers.ops import FUNCTIONS
from paper_optimizers.spec import OptimizerSpec
from paper_optimizers.step import Draw, PureOptimizer, StepValues, TensorState, moves_rows_alone
from paper_optimizers.torch.blocks import Move, Row, move_blocks, move_rows, move_whole
from paper_optimizers.torch.namespace import TORCH
from paper_optimizers.torch.pieces import Record, is_large, move_pieces
from paper_optimizers.torch.settings import (
    Course,
    Group,
    check_group,
    peak_share,
    pure_optimizer,
    warn_of_constant_rate,
)


class GraphOptimizer(torch.optim.Optimizer):
    """A `torch.optim.Optimizer` that runs an `OptimizerSpec`.

    The step is ``-eta u`` through the spec's momentum, with ``u`` the value of the spec's graph and ``eta`` the rate
    times the spec's schedule factor. Averages, states and momentum are kept in float32 where weights have less
    precision. Decay functions and momentum follow the number of updates, which are calls of `step`: gradients that are
    accumulated over several batches, and steps that a `GradScaler` skips, count as a loop would count them. Averages of
    a parameter are corrected for the updates in which it had a gradient.

    Every argument but ``params`` can be given for a parameter group, too.

    Args:
        params: Parameters, named parameters, or groups of them, as in every optimizer of torch.
        spec: An `OptimizerSpec`, a catalog name such as ``"Opt4"``, or a spec's JSON form as plain data.
        lr: The rate, a number or a tensor of one element: constant, or as torch's schedulers set it. Given together
            with ``warmup_steps`` or ``hold_steps`` it is the peak of a linear warm-up from 0, a hold, and half a cosine
            back to 0. There is no default.
        total_steps: T, the number of updates of the run. Needed by specs with decay functions, a schedule factor or
            one-cycle momentum. Past T every decay holds its last value.
        warmup_steps: Updates of the warm-up, for the rate and for one-cycle momentum.
        hold_steps: Updates at the peak after the warm-up.
        decay: Whether edge decays and the schedule factor are applied.
        momentum: A constant momentum coefficient in [0, 1) instead of the spec's; only for specs with momentum.
        seed: Seed of the dropout masks of specs that have them.
        weight_decay: Before each step it takes so much times ``eta`` of the weight (decoupled).
        maximize: Whether to climb instead of to descend.
        foreach: Whether small tensors are moved together and large ones in pieces, which is faster. None is True
            wherever the spec can be run so.
        capturable: Whether the number of updates is kept on the parameters' device, as CUDA graphs need it.

    Raises:
        ValueError: If ``lr`` is missing, the spec needs ``total_steps`` and there is none, an argument is out of its
            range, or two contradict each other.
        KeyError: For a name that is not in the catalog.

    Examples:
        >>> import torch
        >>> from paper_optimizers import from_text
        >>> model = torch.nn.Linear(3, 1)
        >>> optimizer = GraphOptimizer(model.parameters(), from_text("None ~ tanh(arcsinh(g))"), lr=0.1)

    References:
        Morgan & Hougen, arXiv 2404.06679.
    """

    def __init__(
        self,
        params: Iterable[Any],
        spec: OptimizerSpec | str | Mapping[str, Any],
        lr: Any = None,
        *,
        total_steps: int | None = None,
        warmup_steps: int | None = None,
        hold_steps: int | None = None,
        decay: bool = True,
        momentum: float | None = None,
        seed: int | None = None,
        weight_decay: float = 0.0,
        maximize: bool = False,
        foreach: bool | None = None,
        capturable: bool = False,
    ) -> None:
        defaults = {
            "spec": spec,
            "lr": lr,
            "total_steps": total_steps,
            "warmup_steps": warmup_steps,
            "hold_steps": hold_steps,
            "decay": decay,
            "momentum": momentum,
            "seed": seed,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
        }
        self._steps: list[_GroupStep] = []
        super().__init__(params, defaults)

    def add_param_group(self, param_group: Group) -> None:
        """Add parameters whose options are the optimizer's where the group has none; its run goes on where others are.

        Raises:
            ValueError: As the constructor, and for parameters that cannot be moved.
            KeyError: As the constructor.
        """
        group = {**self.defaults, **param_group}
        check_group(group, type(self).__name__)
        group.setdefault("updates", max((int(other["updates"]) for other in self.param_groups), default=0))
        super().add_param_group(group)
        added = self.param_groups[-1]
        try:
            for param in added["params"]:
                _check_parameter(param, added)
        except ValueError:
            self.param_groups.pop()
            raise
        _place_updates(added)

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:  # type: ignore[override]
        """Move every parameter that has a gradient, and return what ``closure``, called first, gives."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for number, group in enumerate(self.param_groups):
            self._step_group(number, group)
        return loss

    def _step_group(self, number: int, group: Group) -> None:
        step = self._prepared(number, group)
        alike: dict[Any, list[Row]] = {}
        for place, param in enumerate(group["params"]):
            gradient = param.grad
            if gradient is None:
                if self.state.get(param):
                    self.state[param]["skipped"] += 1
                continue
            if not param.numel():
                continue
            row, skipped = self._row(step.pure, param, gradient, group)
            if gradient.is_sparse:
                step.move_sparse(row, skipped)
            elif step.pure.program.num_draws:
                move_whole([row], step.move(row, skipped, place=(number, place)))
            else:
                key = (param.device, param.dtype, gradient.dtype, skipped, type(param.data) is torch.Tensor)
                alike.setdefault(key, []).append(row)
        for (*_, skipped, plain), rows in alike.items():
            step.move_rows(rows, skipped, plain=plain and not torch.compiler.is_compiling())
        group["updates"] += 1

    def _prepared(self, number: int, group: Group) -> _GroupStep:
        course = Course.of(group)
        known = self._steps[number] if number < len(self._steps) else None
        if known is None or known.course != course or known.group is not group:
            if group["lr_is_peak"] and "initial_lr" in group:
                raise ValueError(
                    "a scheduler of torch sets this optimizer's lr, which is the peak of the schedule of warmup_steps "
                    "and hold_steps here: leave these out, or the scheduler"
                )
            warn_of_constant_rate(group)
            self._steps[number : number + 1] = [_GroupStep(group, course, pure_optimizer(course, TORCH))]
        return self._steps[number]

    def _row(self, pure: PureOptimizer, param: Any, gradient: Any, group: Group) -> tuple[Row, int]:
        """A parameter, its gradient and its arrays, and in how many updates it had no gradient."""
        state = self.state[param]
        if not state:
            state["skipped"] = int(group["updates"])
            # Of the weight's layout where that is dense, as its gradient is.
            pure.init_tensor(lambda name: state.setdefault(name, torch.zeros_like(param, dtype=_state_dtype(param))))
        names: list[str] = []
        pure.init_tensor(lambda name: names.append(name))
        return (param.detach(), gradient.detach(), *(state[name] for name in names)), state["skipped"]

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on where the optimizer stood that gave ``state_dict``: options, number of updates, and all that is kept.

        Raises:
            ValueError: If the groups do not match.
        """
        super().load_state_dict(state_dict)
        saved = chain.from_iterable(group["params"] for group in state_dict["param_groups"])
        params = chain.from_iterable(group["params"] for group in self.param_groups)
        for name, param in zip(saved, params, strict=True):
            for key, value in state_dict["state"].get(name, {}).items():
                # torch turned it into the weight's type, which may hold less.
                if isinstance(value, torch.Tensor):
                    dtype = _state_dtype(param)
                    self.state[param][key] = value.detach().to(device=param.device, dtype=dtype, copy=True)
        for group in self.param_groups:
            _place_updates(group)

    def __setstate__(self, state: dict[str, Any]) -> None:
        """As torch does, for copies, pickles and `load_state_dict`."""
        super().__setstate__(state)
        self._steps = []

    def applied_learning_rates(self) -> list[Any]:
        """The rate of the coming update in each group: what multiplies ``u``, all schedules and factors included."""
        steps = [self._prepared(*each) for each in enumerate(self.param_groups)]
        return [step.values(0).applied(step.rate()) for step in steps]

    def applied_momenta(self) -> list[Any]:
        """The momentum coefficient of the coming update in each group, or None without momentum."""
        return [self._prepared(*each).values(0).momentum for each in enumerate(self.param_groups)]


class _GroupStep(NamedTuple):
    """How a group is moved, as long as its options stay."""

    group: Group
    course: Course
    pure: PureOptimizer

    def move_rows(self, rows: Sequence[Row], skipped: int, *, plain: bool) -> None:
        """Move tensors of one device and dtypes, together where they are ``plain`` tensors of torch."""
        if not plain or self.group["foreach"] is False:
            move_whole(rows, self.move(rows[0], skipped))
            return
        whole = _needs_tensor(self.pure)
        large = [] if self.group["capturable"] else [row for row in rows if is_large(row)]
        others = [row for row in rows if not is_large(row)] if large else rows
        if large:
            move_pieces(large, self._recorder(skipped), each=whole)
        if others:
            (move_whole if whole else move_blocks)(others, self.move(others[0], skipped))

    def _recorder(self, skipped: int) -> Record:
        """What writes down the coming update."""
        values, rate = self.values(skipped), float(self.rate())
        return lambda xp, terms: self._moved(replace(self.pure, xp=xp), values, rate, terms)

    def _counts_there(self) -> bool:
        """Whether scalars are tensors, which a step that is captured or compiled reads anew."""
        return self.group["capturable"] or torch.compiler.is_compiling()

    def values(self, skipped: int) -> StepValues:
        """The scalars of the coming update of a parameter that had no gradient in ``skipped`` others."""
        if self._counts_there():
            return self.pure.values(self._updates(), skipped)
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
        if self._counts_there():
            return rate * peak_share(self.group, TORCH, self._updates())
        return rate * float(peak_share(self.group, NUMPY, self.group["updates"]))

    def _updates(self) -> Any:
        updates = self.group["updates"]
        return updates if isinstance(updates, torch.Tensor) else torch.full((), updates, dtype=torch.int64)

    def move(self, row: Row, skipped: int, place: tuple[int, int] | None = None) -> Move:
        """What moves tensors that are like those of ``row``."""
        device, dtype = row[0].device, _state_dtype(row[0])
        values, rate = self.values(skipped), self.rate()
        if isinstance(rate, torch.Tensor):
            rate = rate.to(device)

        def move(row: Row) -> Sequence[Any]:
            weight, gradient, *arrays = row
            draw = None if place is None else lambda number, tensor: self._draw(number, row[0], place)
            return self._moved(self.pure, values, rate, (weight.to(dtype), gradient.to(dtype), *arrays), draw)

        return move

    def _moved(
        self, pure: PureOptimizer, values: StepValues, rate: Any, row: Sequence[Any], draw: Draw | None = None
    ) -> Sequence[Any]:
        """The new weight and arrays of a row."""
        weight, gradient, *arrays = row
        gradient = -gradient if self.group["maximize"] else gradient
        decay = self.group["weight_decay"] or None
        moved, state = pure.move(
            values, rate, gradient, weight, self._tensor_state(arrays), weight_decay=decay, draw=draw
        )
        return moved, *state.arrays()

    def _tensor_state(self, arrays: Sequence[Any]) -> TensorState:
        left = iter(arrays)
        return self.pure.init_tensor(lambda name: next(left))

    def _draw(self, number: int, weight: Any, place: tuple[int, int]) -> Any:
        """Uniform numbers that the seed, the update and the parameter's place decide, wherever the run was resumed."""
        words = np.random.SeedSequence([self.group["seed"], self.group["updates"], *place, number]).generate_state(2)
        generator = torch.Generator(weight.device).manual_seed(int(words[0]) + (int(words[1]) << 31))
        return torch.rand(weight.shape, generator=generator, dtype=_state_dtype(weight), device=weight.device)

    def move_sparse(self, row: Row, skipped: int) -> None:
        """Move the rows that a sparse gradient names where others stay as they are, else all."""
        weight, gradient, *arrays = row
        gradient = gradient.coalesce()
        if gradient.sparse_dim() == 1 and not self.group["weight_decay"] and moves_rows_alone(self.pure.program):
            move_rows((weight, gradient, *arrays), self.move(row, skipped))
        else:
            move_whole([(weight, gradient.to_dense(), *arrays)], self.move(row, skipped))


def _needs_tensor(pure: PureOptimizer) -> bool:
    return any(FUNCTIONS[each.op].needs == "tensor" for each in pure.program.instructions if each.op in FUNCTIONS)


def _state_dtype(param: Any) -> torch.dtype:
    return torch.float64 if param.dtype == torch.float64 else torch.float32


def _check_parameter(param: Any, group: Group) -> None:
    if not param.is_floating_point():
        raise ValueError(
            f"received a parameter of {param.dtype}; expected floating-point numbers. Train the real and the imaginary "
            "part of a complex one as two parameters (torch.view_as_real)"
        )
    # FullyShardedDataParallel of FSDP1 cuts and joins tensors, so that none is whole on any process.
    flattened = getattr(param, "_fsdp_flattened", False) or type(param).__name__ == "FlatParameter"
    if flattened and _needs_tensor(pure_optimizer(Course.of(group), TORCH)):
        raise ValueError(
            "this spec takes the norm of each whole tensor, and FullyShardedDataParallel leaves parts of tensors: shard "
            "with torch.distributed.fsdp.fully_shard, whose parameters are DTensors"
        )


def _place_updates(group: Group) -> None:
    """The number of updates as an integer of Python, or where the parameters are, so that no step waits for it."""
    if not group["capturable"]:
        group["updates"] = int(group["updates"])
    elif group["params"]:
        group["updates"] = torch.as_tensor(group["updates"], dtype=torch.int64).to(group["params"][0].device, copy=True)
