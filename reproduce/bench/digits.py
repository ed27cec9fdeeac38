"""The images that candidates are scored on: scikit-learn's digits, enlarged to the network's size."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from reproduce.bench.sizes import RaceSettings, Workload

#: What scikit-learn's pixels are divided by.
LARGEST = 16
_SIDE = 8


def digits(settings: RaceSettings) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """Training and validation images of pixels from 0 to 16, with their labels.

    Three quarters of the digits are trained on. The rest are repeated until they are as many as a validation takes,
    pixels and channels until they are the network's: what is measured is speed, which does not ask what an image shows.

    Raises:
        ValueError: If the network's images are no multiple of 8 pixels.
    """
    images, labels = _enlarged(settings.work)
    chosen = np.arange(len(labels)) % 4 == 3
    repeated = np.resize(np.flatnonzero(chosen), settings.validation)
    return (images[~chosen], labels[~chosen]), (images[repeated], labels[repeated])


@cache
def _enlarged(work: Workload) -> tuple[Any, Any]:
    from sklearn.datasets import load_digits

    times, over = divmod(work.image_size, _SIDE)
    if over or not times:
        raise ValueError(f"digits have {_SIDE} pixels a side; received image_size {work.image_size}, no multiple of it")
    images, labels = load_digits(return_X_y=True)
    images = images.reshape(-1, _SIDE, _SIDE, 1).repeat(times, 1).repeat(times, 2).repeat(work.channels, 3)
    return images.astype(np.float32), labels.astype(np.int32)
