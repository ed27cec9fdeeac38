#!/usr/bin/env bash
# Guess: nevergrad's RandomSearch draws a parameter with both bounds uniformly (a Log one log-uniformly); its text says
# "uniformly between bounds", and set_bounds calls that the default "if both bounds are provided". An `init` only says
# where to start.
# Seen with nevergrad 1.0.12, 4000 draws, shares in the eighths of the range (0.125 each if uniform): as guessed without
# init. With it, the draws are normal ones round it: Scalar(init=0.1, lower=0, upper=1) puts 0.45 of them in the first
# eighth and 0.03 in the last. Log(init=1e-3, lower=1e-5, upper=1e-1), the same middle that is the default, puts 0.01 in
# each outer eighth and 0.27 in each inner one. An Array with both bounds does so even without an init. LHSSearch and
# HaltonSearch stay uniform.
# Why it matters: who names a known good rate as init, or searches several numbers as an Array, has a local search where
# the random baseline should be. It looks strong where the init was good, and hardly sees the ends of the range.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile nevergrad==1.0.12 numpy==2.4.6 pandas==3.0.0

"$folder/venv/bin/python" - <<'PYTHON'
import warnings

import nevergrad as ng
import numpy as np

warnings.simplefilter("error")  # from here on, a warning of nevergrad would end the script
DRAWS = 4000


def shares(parameter, search="RandomSearch"):
    """Share of the draws in each eighth of the range, on the parameter's own scale."""
    parameter.random_state.seed(1)
    optimizer = ng.optimizers.registry[search](parametrization=parameter, budget=DRAWS)
    drawn = []
    for _ in range(DRAWS):
        candidate = optimizer.ask()
        drawn.append(np.ravel(candidate.value)[0])
        optimizer.tell(candidate, 1.0)
    if isinstance(parameter, ng.p.Log):
        drawn = (np.log10(drawn) + 5) / 4
    return np.histogram(drawn, 8, range=(0, 1))[0] / DRAWS


log, unit = {"lower": 1e-5, "upper": 1e-1}, {"lower": 0, "upper": 1}
for name, parameter, search, uniform in (
    ("Scalar", ng.p.Scalar(**unit), "RandomSearch", True),
    ("Log", ng.p.Log(**log), "RandomSearch", True),
    ("Scalar init=0.1", ng.p.Scalar(init=0.1, **unit), "RandomSearch", False),
    ("Log init=1e-3", ng.p.Log(init=1e-3, **log), "RandomSearch", False),
    ("Array", ng.p.Array(shape=(2,), **unit), "RandomSearch", False),
    ("Scalar init=0.1", ng.p.Scalar(init=0.1, **unit), "LHSSearch", True),
    ("Scalar init=0.1", ng.p.Scalar(init=0.1, **unit), "HaltonSearch", True),
):
    share = shares(parameter, search)
    print(f"{search:12} {name:15}", *(f"{part:.2f}" for part in share))
    if uniform:
        assert np.abs(share - 0.125).max() < 0.02, share
    else:
        assert share.max() > 0.2 and share.min() < 0.05, share
PYTHON
