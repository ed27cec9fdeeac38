#!/usr/bin/env bash
# Guess: optax.adan(b1=0.98, b2=0.92, b3=0.99) is the Adan of its authors' code and of PyTorch's packages with betas
# (0.98, 0.92, 0.99).
# Seen with optax 0.2.8, jax 0.10.2, pytorch_optimizer 4.1.0, torch-optimi 0.3.3, torch 2.13.0: optax weighs the
# difference of two gradients by 1 - b2 = 0.08 where the others weigh it by b2 = 0.92. The paper writes 1 - beta2 with
# beta2 = 0.08. So optax's Adan is nearly Adam with a late second moment: in the path written below by hand, 0.08 gives
# optax's numbers and 0.92 those of the two others, each to float32's rounding.
# Why it matters: the difference is what Adan adds to Adam. Results of optax's Adan say nothing about the published
# one.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile torch==2.13.0 numpy==2.4.6
"$folder/venv/bin/pip" install --quiet --no-compile jax==0.10.2 optax==0.2.8
"$folder/venv/bin/pip" install --quiet --no-compile pytorch_optimizer==4.1.0 torch-optimi==0.3.3 packaging==26.4

"$folder/venv/bin/python" - <<'PYTHON'
import jax.numpy as jnp
import numpy as np
import optax
import optimi
import pytorch_optimizer
import torch

RATE, BETAS, EPSILON = 0.05, (0.98, 0.92, 0.99), 1e-8
gradients = np.random.default_rng(0).normal(size=(20, 8)).astype("float32")


def by_hand(weight_of_difference):
    """Return the weights after each step, in float64, with this factor before the difference of gradients."""
    weights, first, change, second = (np.zeros(8) for _ in range(4))
    path = []
    for step, gradient in enumerate(gradients.astype("float64"), start=1):
        difference = gradient - (gradients[step - 2] if step > 1 else gradient)
        first = BETAS[0] * first + (1 - BETAS[0]) * gradient
        change = BETAS[1] * change + (1 - BETAS[1]) * difference
        second = BETAS[2] * second + (1 - BETAS[2]) * (gradient + weight_of_difference * difference) ** 2
        first_hat, change_hat, second_hat = (
            moment / (1 - beta**step) for moment, beta in zip((first, change, second), BETAS, strict=True)
        )
        weights = weights - RATE * (first_hat + weight_of_difference * change_hat) / (np.sqrt(second_hat) + EPSILON)
        path.append(weights)
    return np.array(path)


def optax_path():
    adan, weights, path = optax.adan(RATE, *BETAS, eps=EPSILON, weight_decay=0.0), jnp.zeros(8), []
    state = adan.init(weights)
    for gradient in gradients:
        update, state = adan.update(jnp.asarray(gradient), state, weights)
        weights = optax.apply_updates(weights, update)
        path.append(np.asarray(weights))
    return np.array(path)


def torch_path(adan):
    weights, path = torch.nn.Parameter(torch.zeros(8)), []
    optimizer = adan([weights], lr=RATE, betas=BETAS, eps=EPSILON, weight_decay=0.0)
    for gradient in gradients:
        weights.grad = torch.tensor(gradient)
        optimizer.step()
        path.append(weights.detach().numpy().copy())
    return np.array(path)


one_minus, published = by_hand(1 - BETAS[1]), by_hand(BETAS[1])
paths = {"optax": optax_path()}
paths |= {package.__name__: torch_path(package.Adan) for package in (pytorch_optimizer, optimi)}
for name, path in paths.items():
    off = [float(np.abs(path - reference).max()) for reference in (one_minus, published)]
    print(f"{name}: {off[0]:.1e} from a weight of 0.08, {off[1]:.1e} from a weight of 0.92")
    near, far = off if name == "optax" else off[::-1]
    assert near < 1e-5 and far > 0.01, (name, off)
PYTHON
