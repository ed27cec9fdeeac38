#!/usr/bin/env bash
# Guess: what compiling a training step takes beyond the program itself is free again once it is compiled, so that a
# process takes as much memory as without the compilation, whether or not the program came from a cache.
# Seen with jax 0.10.2 on glibc 2.36 (x86-64, AMD EPYC CPU): the gradient of 40 small layers, compiled, leaves the process
# 131 MB larger, of which malloc_trim(0) gives 73 MB back to the system at once (n = 1).
# glibc keeps small freed blocks of the compiler in its heap, between what is still in use, and what training then
# allocates comes beside them.
# Why it matters: a peak measured in a process that compiles says as much about the compiler as about the optimizer, and
# a search that starts one process a core pays for it in each.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile jax==0.10.2 numpy==2.4.6

JAX_PLATFORMS=cpu "$folder/venv/bin/python" - <<'PYTHON'
import ctypes
import resource
from pathlib import Path

import jax
import jax.numpy as jnp


def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1e6


def loss(kernels, x):
    for kernel in kernels:
        x = jnp.tanh(x @ kernel) + jnp.sin(x) * jnp.exp(-x * x)
    return jnp.sum(jnp.square(x))


kernels, x = [jnp.ones((32, 32)) for _ in range(40)], jnp.ones((8, 32))
lowered = jax.jit(jax.grad(loss)).lower(kernels, x)
before = resident()
program = lowered.compile()
after = resident()
ctypes.CDLL(None).malloc_trim(ctypes.c_size_t(0))
trimmed = resident()
print(f"before {before:.0f} MB, compiled {after:.0f} MB, after malloc_trim {trimmed:.0f} MB")
assert after - before > 60, (before, after)
assert after - trimmed > 25, (after, trimmed)
assert jnp.isfinite(program(kernels, x)[0]).all()
PYTHON
