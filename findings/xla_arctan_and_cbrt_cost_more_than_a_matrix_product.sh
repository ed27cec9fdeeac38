#!/usr/bin/env bash
# Guess: in an update rule any elementwise function costs about what tanh costs, and next to nothing beside the matrix
# products of the model.
# Seen with jax 0.10.2 on an AMD EPYC CPU (x86-64), 256 x 256 floats, processor time in one process, alternating,
# n = 15, median (least to most) in microseconds:
#   tanh 131 (85 to 218), arctan 1564 (1223 to 1721), cbrt 2092 (1767 to 2242), x @ x 963 (543 to 1281)
# XLA has vectorized tanh, exp and erf for CPUs; arctan and cbrt cost more than ten times as much, and more than the
# product of two 256 x 256 matrices.
# Why it matters: an evolved rule with one arctan can take longer than the training step it serves. Times of rules then
# tell of XLA's library of functions, and not of the rules.
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

ROUNDS, CALLS = 15, 20
values = jax.random.normal(jax.random.key(0), (256, 256))
functions = {"tanh": jnp.tanh, "arctan": jnp.arctan, "cbrt": jnp.cbrt, "x @ x": lambda x: x @ x}
compiled = {name: jax.jit(function) for name, function in functions.items()}
for function in compiled.values():
    function(values).block_until_ready()

times = {name: [] for name in compiled}
for _ in range(ROUNDS):
    for name, function in compiled.items():
        start = time.process_time()
        for _ in range(CALLS):
            result = function(values)
        result.block_until_ready()
        times[name].append((time.process_time() - start) / CALLS * 1e6)

median = {name: float(np.median(samples)) for name, samples in times.items()}
for name, samples in times.items():
    print(f"{name:7} {median[name]:7.0f} us ({min(samples):.0f} to {max(samples):.0f}), n = {ROUNDS}")
assert median["arctan"] > 3 * median["tanh"], median
assert median["cbrt"] > 3 * median["tanh"], median
PYTHON
