#!/usr/bin/env bash
# Guess: ReduceLROnPlateau lowers the rate once a loss has not improved for `patience` epochs, whatever the sign of the
# loss. A loss that stays at -100 is a plateau like one that stays at +100. Optax' reduce_on_plateau likewise.
# Seen with torch 2.13.0, optax 0.2.8 on jax 0.10.2 (CPU), defaults but patience 3, 12 epochs at one value: at +100 the
# rate falls from 1 to 0.01 in PyTorch (0.001 in optax), at -100 it stays 1 in both, and PyTorch's mode "max" does the
# same with a score of -100. Both compare with best * (1 - 1e-4): below zero that lies above the best, so that the same
# value again counts as an improvement. Even a loss that rises from -100 to -99.8 over 50 epochs "improves" in each of
# them, and `best` follows it upwards. With an absolute threshold (threshold_mode="abs"; atol=1e-4, rtol=0) the rate
# falls in both.
# Why it matters: log-likelihoods of continuous data, ELBOs, negated errors and rewards are below zero. Training then
# runs at its first rate to the end, without a warning, and a comparison of schedules finds that this one does nothing.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile torch==2.13.0 numpy==2.4.6
"$folder/venv/bin/pip" install --quiet --no-compile jax==0.10.2 optax==0.2.8

"$folder/venv/bin/python" - <<'PYTHON'
import jax.numpy as jnp
import optax
import torch


def torch_plateau(losses, **settings):
    """Rate after the losses and the best of them, as the scheduler sees it."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=3, **settings)
    for loss in losses:
        schedule.step(loss)
    return optimizer.param_groups[0]["lr"], schedule.best


def optax_plateau(losses, **settings):
    schedule = optax.contrib.reduce_on_plateau(patience=3, **settings)
    state = schedule.init(jnp.zeros(1))
    for loss in losses:
        _, state = schedule.update(jnp.zeros(1), state, value=loss)
    return float(state.scale), float(state.best_value)


above, below = [100.0] * 12, [-100.0] * 12
rising = [-100 + 0.004 * epoch for epoch in range(51)]
for name, plateau, absolute in (
    ("torch", torch_plateau, {"threshold_mode": "abs"}),
    ("optax", optax_plateau, {"atol": 1e-4, "rtol": 0.0}),
):
    print(f"{name}: rate {plateau(above)[0]:.3g} after +100, {plateau(below)[0]:.3g} after -100,", end=" ")
    print("{:.3g} after -100 rising to -99.8, best {:.1f};".format(*plateau(rising)), end=" ")
    print(f"absolute threshold: {plateau(below, **absolute)[0]:.3g} after -100")
    assert plateau(above)[0] < 0.011 and plateau(below)[0] == 1
    assert plateau(rising)[0] == 1 and plateau(rising)[1] > -99.81, "the best follows the loss upwards"
    assert plateau(below, **absolute)[0] < 0.011
print(f"torch, mode max: rate {torch_plateau(above, mode='max')[0]:.3g} after +100,", end=" ")
print(f"{torch_plateau(below, mode='max')[0]:.3g} after -100")
assert torch_plateau(above, mode="max")[0] < 0.011 and torch_plateau(below, mode="max")[0] == 1
PYTHON
