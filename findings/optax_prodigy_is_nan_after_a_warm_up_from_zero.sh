#!/usr/bin/env bash
# Guess: optimizers that find their own step size take a schedule as others do. Under Optax' usual warm-up, which begins
# at rate 0, Prodigy and D-Adaptation stand still for one step and then train.
# Seen with optax 0.2.8, jax 0.10.2: both turn every weight into NaN, Prodigy in the first step and D-Adaptation in the
# second. Their estimate is a sum weighed by the rate over another, and at rate 0 both sums are 0. From a rate of 0.001
# on they train. Prodigy's `safeguard_warmup=True` leaves the rate out of the sums and helps; D-Adaptation has no such
# argument. Adam, schedule-free AdamW and MoMo under the same schedules stay finite.
# Why it matters: `optax.warmup_cosine_decay_schedule(0.0, ...)` is how most scripts warm up. Here Prodigy is run with
# `safeguard_warmup=True`.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile jax==0.10.2 optax==0.2.8 numpy==2.4.6

JAX_PLATFORMS=cpu "$folder/venv/bin/python" - <<'PYTHON'
import jax.numpy as jnp
import optax
from optax import contrib

MADE = {
    "prodigy": contrib.prodigy,
    "prodigy, safeguarded": lambda rate: contrib.prodigy(rate, safeguard_warmup=True),
    "dadapt_adamw": contrib.dadapt_adamw,
    "adam": optax.adam,
    "schedule_free_adamw": contrib.schedule_free_adamw,
    "momo_adam": contrib.momo_adam,
}


def first_nan(make, first_rate):
    """Return the step, from 1, after which a weight is NaN, or None; the loss is a parabola around 3."""
    optimizer = make(optax.warmup_cosine_decay_schedule(first_rate, 1.0, 10, 100))
    weights = jnp.ones(4)
    state = optimizer.init(weights)
    for step in range(1, 31):
        loss = {"value": ((weights - 3) ** 2).sum()} if make is contrib.momo_adam else {}
        update, state = optimizer.update(2 * (weights - 3), state, weights, **loss)
        weights = optax.apply_updates(weights, update)
        if not jnp.isfinite(weights).all():
            return step
    return None


for name, make in MADE.items():
    found = [first_nan(make, rate) for rate in (0.0, 0.001)]
    print(f"{name}: NaN after step {found[0]} of a warm-up from 0, after step {found[1]} of one from 0.001")
    assert found == {"prodigy": [1, None], "dadapt_adamw": [2, None]}.get(name, [None, None]), (name, found)
PYTHON
