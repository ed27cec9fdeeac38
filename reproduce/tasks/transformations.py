"""Optimizers of today beside the catalog, as transformations of Optax, each by the name of an entrant.

`reproduce.tasks.optimizers.OPTAX` states every hyperparameter but the rate. How each is like what others give that
name:

- **Nadam** is Optax' own: Adam whose first average is looked ahead by one step. Keras' Nadam, like Dozat's, has a
  momentum that grows with the step instead, from 0.47 towards the same 0.9.
- **Muon** is put together from Optax' parts, so that it is Keras' Muon: a momentum m <- g + 0.95 m, the matrix
  g + 0.95 m made orthogonal by five steps of Newton and Schulz, times 0.2 sqrt(longer side), for every matrix that is
  no embedding, the last layer's kernel among them; Adam for all other tensors, kernels of convolutions among them; both
  with decoupled weight decay. (`optax.contrib.muon` corrects both terms of the sum for bias and has Nadam beside it.)
  A matrix and its transpose take the same step, so it does not matter which axis is the input's.
- **ScheduleFreeAdamW** is Optax': its mean x weighs each z by the square of the greatest rate so far, as its authors'
  code does; Keras' weighs all z alike, which differs in those of the warm-up. It is measured at x.
- **AdEMAMix** is Optax', with the warm-ups of alpha and beta_3 over the whole run that its authors ask for, and
  beta_3 = 0.999, which they found better for few steps.
- **Adan** is written out here: Optax' weighs the difference of two gradients by 0.08 where the published one weighs it
  by 0.92 (findings/optax_adan_nearly_drops_the_gradient_difference.sh).
- **Prodigy** is Optax'. It finds its own step size, and the rate is a multiplier of that: 1 is where its authors begin.
  Its estimate leaves the rate out (``safeguard_warmup``), since the first step's is 0, which would divide 0 by 0.

References:
    Dozat 2016; Jordan et al. 2024 and Liu et al. 2025 (arXiv 2502.16982); Defazio et al. 2024 (arXiv 2405.15682);
    Pagliardini et al. 2024 (arXiv 2409.03137); Xie et al. 2022 (arXiv 2208.06677); Mishchenko & Defazio 2023 (arXiv
    2306.06101).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from optax import contrib, tree

from reproduce.errors import ProtocolError
from reproduce.population.transformation import RunTables, Transformation

#: ``(a step's table, which tensors are embeddings, hyperparameters by name) -> transformation``.
_Make = Callable[..., optax.GradientTransformation]


def transformation_of(
    name: str, hyperparameters: Mapping[str, Any], weight_decay: float | None = None
) -> Transformation:
    """The transformation of an entrant.

    Args:
        name: A key of `reproduce.tasks.optimizers.OPTAX`.
        hyperparameters: All that it has but the rate.
        weight_decay: What takes the place of its decoupled weight decay; None for what the hyperparameters say.

    Raises:
        ProtocolError: For a weight decay of one that has none.
    """
    make, values = _MADE[name], dict(hyperparameters)
    if weight_decay is not None:
        if "weight_decay" not in values:
            raise ProtocolError(
                f"{name} of optimizers.optax has no weight decay to tune: leave it out of weight_decays"
            )
        values["weight_decay"] = weight_decay
    return Transformation(
        lambda now, is_embedding: make(now, is_embedding, **values),
        contrib.schedule_free_eval_params if make is _schedule_free_adamw else None,
    )


def _nadam(now: RunTables, is_embedding: tuple[bool, ...], **hyperparameters: Any) -> optax.GradientTransformation:
    del is_embedding
    return optax.nadam(now.rate, **hyperparameters)


def _muon(
    now: RunTables,
    is_embedding: tuple[bool, ...],
    *,
    momentum: float,
    ns_coeffs: tuple[float, float, float],
    ns_steps: int,
    rms: float,
    weight_decay: float,
    eps: float,
    b1: float,
    b2: float,
) -> optax.GradientTransformation:
    # Without an average of its own, Optax' Muon only makes its matrix orthogonal.
    orthogonal = contrib.scale_by_muon(
        ns_coeffs,
        ns_steps,
        beta=0.0,
        eps=eps,
        nesterov=False,
        weight_dimension_numbers=lambda matrices: jax.tree.map(lambda _: contrib.MuonDimensionNumbers(), matrices),
    )
    scaled = optax.stateless_with_tree_map(lambda update, _: update * (rms * max(update.shape) ** 0.5))
    moved = optax.chain(optax.trace(momentum, nesterov=True), orthogonal, scaled)

    def kinds(tensors: Any) -> tuple[str, ...]:
        return tuple(
            "matrix" if tensor.ndim == 2 and not embedding else "other"
            for tensor, embedding in zip(tensors, is_embedding, strict=True)
        )

    return optax.chain(
        optax.partition({"matrix": moved, "other": optax.scale_by_adam(b1, b2, eps)}, kinds),
        optax.add_decayed_weights(weight_decay),
        optax.scale_by_learning_rate(now.rate),
    )


def _schedule_free_adamw(
    now: RunTables, is_embedding: tuple[bool, ...], **hyperparameters: Any
) -> optax.GradientTransformation:
    del is_embedding
    return contrib.schedule_free_adamw(now.rate, **hyperparameters)


def _ademamix(
    now: RunTables, is_embedding: tuple[bool, ...], *, b1: float, b3: float, alpha: float, **others: Any
) -> optax.GradientTransformation:
    """Make AdEMAMix with alpha, and the half-life of its slow average, growing over the run, as in its paper."""
    del is_embedding
    done = now.progress
    fast, slow = jnp.log(b1), jnp.log(b3)
    grown = jnp.exp(fast * slow / ((1 - done) * slow + done * fast))
    return contrib.ademamix(now.rate, b1, b3=jnp.minimum(grown, b3), alpha=alpha * done, **others)


class AdanState(NamedTuple):
    """Steps so far, the averages of gradients, of their differences and of the squares, and the last gradient."""

    count: Any
    first: Any
    change: Any
    second: Any
    gradient: Any


def _adan(
    now: RunTables, is_embedding: tuple[bool, ...], *, b1: float, b2: float, b3: float, eps: float
) -> optax.GradientTransformation:
    """Algorithm 1 of its paper without weight decay, whose 1 - beta is b here, with averages corrected for bias."""
    del is_embedding

    def init(tensors: Any) -> AdanState:
        return AdanState(jnp.zeros([], jnp.int32), *(tree.zeros_like(tensors) for _ in range(4)))

    def update(gradient: Any, state: AdanState, tensors: Any = None) -> tuple[Any, AdanState]:
        del tensors
        count = state.count + 1
        difference = tree.where(count == 1, tree.zeros_like(gradient), tree.sub(gradient, state.gradient))
        first = tree.update_moment(gradient, state.first, b1, 1)
        change = tree.update_moment(difference, state.change, b2, 1)
        second = tree.update_moment(tree.add_scale(gradient, b2, difference), state.second, b3, 2)
        ahead = tree.add_scale(tree.bias_correction(first, b1, count), b2, tree.bias_correction(change, b2, count))
        size = jax.tree.map(lambda each: jnp.sqrt(each) + eps, tree.bias_correction(second, b3, count))
        return tree.div(ahead, size), AdanState(count, first, change, second, gradient)

    return optax.chain(optax.GradientTransformation(init, update), optax.scale_by_learning_rate(now.rate))


def _prodigy(
    now: RunTables, is_embedding: tuple[bool, ...], *, b1: float, b2: float, b3: float, **others: Any
) -> optax.GradientTransformation:
    del is_embedding
    return contrib.prodigy(now.rate, (b1, b2), b3, **others)


_MADE: Mapping[str, _Make] = {
    "Nadam": _nadam,
    "Muon": _muon,
    "ScheduleFreeAdamW": _schedule_free_adamw,
    "AdEMAMix": _ademamix,
    "Adan": _adan,
    "Prodigy": _prodigy,
}
