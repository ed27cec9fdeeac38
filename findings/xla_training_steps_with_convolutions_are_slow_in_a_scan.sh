#!/usr/bin/env bash
# Guess: the steps of an epoch in one lax.scan cost at most what a jitted step costs that Python calls again and again.
# A known report (jax-ml/jax issue 12868) has a convolution slow in a loop on CPUs, and spares channels last: so a
# training step with channels last should lose nothing.
# Seen with jax 0.10.2 on an AMD EPYC CPU (x86-64), 64 images of 16 x 16 x 12, a 3 x 3 convolution to 24 channels, NHWC,
# processor time in one process, alternating, n = 5, median (least to most) in milliseconds a step:
#   forward: jitted 1.57 (1.56 to 1.68), in a scan 1.54 (1.50 to 1.61)
#   with gradient and update: jitted 3.6 (3.2 to 3.8), in a scan 195 (193 to 199)
# The forward pass with channels last is indeed spared. Its gradient by the kernel is a convolution in another layout, for
# which XLA takes the plain loops within a scan, and a training step costs tens of times what it costs outside.
# Why it matters: whoever writes a whole epoch as one program, as searches over optimizers do, measures XLA's fallback
# and not the optimizer. Steps called one by one, or convolutions written as products of patches, are not slowed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile jax==0.10.2 numpy==2.4.6

JAX_PLATFORMS=cpu "$folder/venv/bin/python" - <<'PYTHON'
import time

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

ROUNDS, STEPS = 5, 10
images = jax.random.normal(jax.random.key(0), (64, 16, 16, 12))
kernel = 0.1 * jax.random.normal(jax.random.key(1), (3, 3, 12, 24))


def loss(kernel):
    layout = ("NHWC", "HWIO", "NHWC")
    return jnp.mean(jnp.square(lax.conv_general_dilated(images, kernel, (1, 1), "SAME", dimension_numbers=layout)))


def forward(kernel):
    # The next step depends on this one, so that no step is left out.
    return kernel * (1 - 1e-6 * loss(kernel))


def train(kernel):
    return kernel - 1e-3 * jax.grad(loss)(kernel)


def by_one(step):
    jitted = jax.jit(step)

    def run(kernel):
        for _ in range(STEPS):
            kernel = jitted(kernel)
        return kernel

    return run


def in_a_scan(step):
    return jax.jit(lambda kernel: lax.scan(lambda carry, _: (step(carry), None), kernel, None, length=STEPS)[0])


runs = {
    (what, how.__name__): how(step) for what, step in (("forward", forward), ("train", train)) for how in (by_one, in_a_scan)
}
answers = {name: jax.block_until_ready(run(kernel)) for name, run in runs.items()}
for what in ("forward", "train"):
    assert np.allclose(answers[what, "by_one"], answers[what, "in_a_scan"], atol=1e-5)
times = {name: [] for name in runs}
for _ in range(ROUNDS):
    for name, run in runs.items():
        start = time.process_time()
        jax.block_until_ready(run(kernel))
        times[name].append((time.process_time() - start) / STEPS * 1e3)

median = {name: float(np.median(samples)) for name, samples in times.items()}
for name, samples in times.items():
    print(f"{' '.join(name):20} {median[name]:8.2f} ms ({min(samples):.2f} to {max(samples):.2f}), n = {ROUNDS}")
assert median["forward", "in_a_scan"] < 3 * median["forward", "by_one"], median
assert median["train", "in_a_scan"] > 8 * median["train", "by_one"], median
PYTHON
