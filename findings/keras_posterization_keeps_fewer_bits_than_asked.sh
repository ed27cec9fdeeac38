#!/usr/bin/env bash
# Guess: keras.layers.RandomPosterization(factor=4) keeps 4 bits of each channel: its `factor` is "the number of bits to
# keep", an integer from 1 to 8. So factor=8 changes nothing.
# Seen with keras 3.15.1 on JAX 0.10.2 (CPU), 1000 images with 256 levels each: factor=4 leaves 342 of them 2 levels,
# 338 4 and 320 8 (1 to 3 bits, drawn anew for each image, never 4). factor=8 takes all 1000 down to 1 to 7 bits and
# leaves none unchanged. A pair draws without its upper end: (3, 5) keeps 3 or 4 bits. Only (4, 4) keeps 4. RandAugment
# passes 8 times its own factor on: at factor 0.1 posterization always leaves 2 levels, at 1.0 1 to 7 bits, so that the
# weakest setting posterizes hardest.
# Why it matters: images become black and white masks where 16 levels were asked for, a policy from a paper is trained
# far stronger than published, and a search over RandAugment's factor meets its harshest operation at the weak end.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile jax==0.10.2 keras==3.15.1 numpy==2.4.6

KERAS_BACKEND=jax "$folder/venv/bin/python" - <<'PYTHON'
import collections

import keras
import numpy as np

LEVELS = np.arange(256, dtype="float32").reshape(1, 16, 16, 1)
images = np.broadcast_to(LEVELS, (1000, 16, 16, 3)).copy()


def levels_left(layer):
    """How many images are left with how many levels."""
    posterized = np.asarray(layer(images, training=True))
    return dict(sorted(collections.Counter(len(np.unique(image)) for image in posterized).items()))


left = {}
for factor in (4, 8, (3, 5), (4, 4), (8, 8)):
    left[factor] = levels_left(keras.layers.RandomPosterization(factor, seed=0))
    print(f"factor {factor}: levels and images", left[factor])
assert set(left[4]) == {2, 4, 8}, "never the 16 levels of 4 bits"
assert set(left[8]) == {2, 4, 8, 16, 32, 64, 128}, "never the 256 levels of 8 bits"
assert set(left[3, 5]) == {8, 16}, "5 bits never"
assert left[4, 4] == {16: 1000} and left[8, 8] == {256: 1000}

for factor in (0.1, 1.0):
    left[factor] = levels_left(keras.layers.RandAugment(factor=factor, seed=0).random_posterization)
    print(f"posterization of RandAugment({factor}): levels and images", left[factor])
assert left[0.1] == {2: 1000} and max(left[1.0]) == 128
PYTHON
