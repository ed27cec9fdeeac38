#!/usr/bin/env bash
# Guess: rliable's get_interval_estimates(..., random_state=RandomState(0)) gives the same intervals each time. Its
# documentation says that this argument ensures reproducibility.
# Seen with rliable 1.2.0, arch 7.2.0, numpy 2.4.6, pandas 2.3.3: three calls give three intervals, up to 0.02 apart
# for 5 runs on 8 tasks and 200 resamples. It draws from NumPy's global generator: only numpy.random.seed() repeats it,
# and whatever else draws from that moves the intervals.
# Why it matters: an interval whose end decides a comparison cannot be recomputed, although the script fixes a seed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile rliable==1.2.0 arch==7.2.0 numpy==2.4.6 pandas==2.3.3

"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import numpy as np
from rliable import library, metrics

scores = {"adam": np.random.default_rng(0).uniform(size=(5, 8))}


def interval(global_seed=None):
    if global_seed is not None:
        np.random.seed(global_seed)
    _, intervals = library.get_interval_estimates(
        scores, lambda runs: np.array([metrics.aggregate_iqm(runs)]), reps=200, random_state=np.random.RandomState(0)
    )
    return tuple(intervals["adam"].ravel().tolist())


same_state = [interval() for _ in range(3)]
same_global = [interval(global_seed=3) for _ in range(2)]
print("the same random_state:", *same_state)
print("the same global seed: ", *same_global)
assert len(set(same_state)) == 3, same_state
assert same_global[0] == same_global[1], same_global
PYTHON
