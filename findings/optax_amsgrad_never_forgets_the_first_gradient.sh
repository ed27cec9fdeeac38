#!/usr/bin/env bash
# Guess: optax.amsgrad and torch.optim.Adam(amsgrad=True) take the same steps from the same gradients, as optax.adam
# and torch.optim.Adam do.
# Seen with optax 0.2.8, jax 0.10.2, torch 2.13.0: they part at the second step. Optax takes the maximum after the bias
# correction, PyTorch before it. At the first step the corrected second moment is the whole squared gradient, and that
# maximum stays for ever; PyTorch keeps 0.001 of it (1 - b2). With a gradient of 100 and then 1000 of 1, the last steps
# at rate 1 are 0.010 long in optax and 0.25 in PyTorch: 25 times longer.
# Why it matters: the first gradients after initialization are often the largest. One of them decides the rate of the
# whole run in one library and hardly counts in the other, under one name and the same settings.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile torch==2.13.0 numpy==2.4.6
"$folder/venv/bin/pip" install --quiet --no-compile jax==0.10.2 optax==0.2.8

"$folder/venv/bin/python" - <<'PYTHON'
import jax
import jax.numpy as jnp
import numpy as np
import optax
import torch

GRADIENTS = [100.0] + [1.0] * 1000


def torch_steps(amsgrad):
    weight, path = torch.nn.Parameter(torch.zeros(1)), [0.0]
    adam = torch.optim.Adam([weight], lr=1.0, betas=(0.9, 0.999), amsgrad=amsgrad)
    for gradient in GRADIENTS:
        weight.grad = torch.tensor([gradient])
        adam.step()
        path.append(weight.item())
    return -np.diff(path)


def optax_steps(make):
    optimizer, steps = make(1.0, b1=0.9, b2=0.999), []
    state, update = optimizer.init(jnp.zeros(1)), jax.jit(optimizer.update)
    for gradient in GRADIENTS:
        change, state = update(jnp.array([gradient]), state)
        steps.append(-float(change[0]))
    return np.array(steps)


np.testing.assert_allclose(torch_steps(amsgrad=False), optax_steps(optax.adam), rtol=2e-3)
in_torch, in_optax = torch_steps(amsgrad=True), optax_steps(optax.amsgrad)
print(f"AMSGrad's last step: torch {in_torch[-1]:.3f}, optax {in_optax[-1]:.3f}; second step: "
      f"torch {in_torch[1]:.3f}, optax {in_optax[1]:.3f}")
assert abs(in_torch[0] - in_optax[0]) < 1e-4
assert 0.009 < in_optax[-1] < 0.011, in_optax[-1]
assert 15 < in_torch[-1] / in_optax[-1] < 35, (in_torch[-1], in_optax[-1])
PYTHON
