import ast
import dataclasses
import os
import subprocess
import sys
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from reproduce.errors import ReproduceError
from reproduce.models.registry import blank_pixel, build_model
from reproduce.models.settings import Pixels
from reproduce.training.augmentation import MIXING, AugmentedEpochs
from reproduce.training.settings import Augmentation
from tests.settings import MODEL
from tests.training.cases import invented, trainer

pytest.importorskip("keras_cv")
ROOT = Path(__file__).resolve().parents[2]
DATA = invented(channels=3, size=16)
ORDER = np.random.default_rng(0).permutation(24).reshape(4, 6).astype(np.int32)


def epoch(*names: str, seed: int = 5, group: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Images (steps, batch, height, width, channels) and labels of one epoch."""
    groups = list(AugmentedEpochs(DATA, names).epoch(ORDER, seed, group))
    assert [len(images) for images, _ in groups] == [group] * (4 // group)
    images, labels = (np.concatenate(values) for values in zip(*groups, strict=True))
    return images, labels


ORIGINAL = DATA.train.inputs[ORDER].astype(np.float32)
LABELS = DATA.train.labels[ORDER]


NAMES = [
    pytest.param(name, marks=pytest.mark.slow) if name == "rand_augment" else name for name in get_args(Augmentation)
]


@pytest.mark.parametrize("name", NAMES)
def test_each_changes_images_within_their_range_and_follows_the_seed(name: str) -> None:
    images, labels = epoch(name)
    assert images.shape == ORIGINAL.shape
    assert images.dtype == np.float32
    assert images.min() >= 0
    assert images.max() <= 255
    changed = np.abs(images - ORIGINAL).max(axis=(2, 3, 4)) > 1
    assert changed.mean() > 0.3
    again, same_labels = epoch(name)
    np.testing.assert_array_equal(images, again)
    np.testing.assert_array_equal(labels, same_labels)
    if name not in MIXING:
        np.testing.assert_array_equal(labels, LABELS)
    if name != "rand_augment":  # Its pipeline takes seconds to build; the next test has another seed for it.
        assert np.abs(epoch(name, seed=6)[0] - images).max() > 1


def test_how_strong_and_how_many_changes_are_is_as_the_training_says(monkeypatch: pytest.MonkeyPatch) -> None:
    import keras_cv

    given: list[dict[str, object]] = []
    monkeypatch.setattr(keras_cv.layers, "RandAugment", lambda **settings: given.append(settings))
    settings = {"rand_augment_magnitude": 0.7, "rand_augment_per_image": 3}
    for each in ({}, settings):
        made = trainer(DATA, training={"batch_size": 8, "augmentations": ("rand_augment",), **each})
        assert made._augmented is not None
        made._augmented._change("rand_augment", 5)
    assert [(each["magnitude"], each["augmentations_per_image"]) for each in given] == [(0.3, 2), (0.7, 3)]


def test_cutout_leaves_what_the_network_takes_for_nothing() -> None:
    blank = (10.0, 128.0, 250.0)
    ((images, _),) = AugmentedEpochs(DATA, ["cutout"], blank).epoch(ORDER, 5, len(ORDER))
    changed = np.abs(images - ORIGINAL).max(axis=-1) > 1e-3
    assert 0 < changed.mean() < 0.2
    np.testing.assert_allclose(images[changed], np.broadcast_to(blank, images[changed].shape), atol=1e-4)


@pytest.mark.parametrize("pixels", ["unit", "centred", "standardised"])
def test_a_blank_pixel_is_nothing_to_the_network(pixels: Pixels) -> None:
    settings = dataclasses.replace(MODEL, pixels=pixels)
    blank = np.broadcast_to(blank_pixel(settings, DATA), (1, *DATA.image_shape))
    (rescaling,) = (layer for layer in build_model(settings, DATA).layers if layer.name.startswith("rescaling"))
    np.testing.assert_allclose(np.asarray(rescaling(blank.astype(np.float32))), 0, atol=1e-5)


@pytest.mark.slow
def test_one_after_another_is_the_same_in_another_process_and_backend() -> None:
    names = ("crop", "rand_augment", "cutmix")
    images, labels = epoch(*names, seed=8)
    code = (
        "import sys\nimport numpy as np\nfrom tests.training.test_augmentation import epoch\n"
        f"sys.stdout.buffer.write(b''.join(array.tobytes() for array in epoch(*{names}, seed=8)))"
    )
    other = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "KERAS_BACKEND": "jax"},
        capture_output=True,
        check=True,
    ).stdout
    assert other == images.tobytes() + labels.tobytes()


def test_a_flip_mirrors_and_a_cutout_covers_a_square() -> None:
    flipped, _ = epoch("flip")
    mirrored = ORIGINAL[:, :, :, ::-1]
    same, turned = ((flipped == each).all(axis=(2, 3, 4)) for each in (ORIGINAL, mirrored))
    assert (same ^ turned).all()
    assert 0 < turned.sum() < turned.size
    covered = (epoch("cutout")[0] != ORIGINAL).any(axis=-1).sum(axis=(2, 3))
    assert covered.max() == 16
    assert covered.min() >= 4


def test_a_crop_is_a_part_of_the_mirrored_surroundings() -> None:
    cropped, _ = epoch("crop")
    wide = np.pad(ORIGINAL, [(0, 0), (0, 0), (2, 2), (2, 2), (0, 0)], mode="reflect")
    parts = [wide[:, :, top : top + 16, left : left + 16] for top in range(5) for left in range(5)]
    found = np.stack([np.abs(part - cropped).max(axis=(2, 3, 4)) < 1e-2 for part in parts])
    assert found.any(axis=0).all()
    assert found.any(axis=(1, 2)).sum() > 5


@pytest.mark.parametrize("name", sorted(MIXING))
def test_mixed_images_have_mixed_labels(name: str) -> None:
    _, labels = epoch(name)
    assert labels.shape == (4, 6, 2)
    np.testing.assert_allclose(labels.sum(-1), 1, rtol=1e-5)
    assert (np.abs(labels - np.eye(2)[LABELS]).max(-1) > 0.01).any()


def test_keras_cv_is_known_to_one_module_alone() -> None:
    users = [
        str(path.relative_to(ROOT))
        for package in ("paper_optimizers", "reproduce")
        for path in (ROOT / package).rglob("*.py")
        if "keras_cv" in _imported(path)
    ]
    assert users == ["reproduce/training/augmentation.py"]


def _imported(path: Path) -> set[str]:
    """The packages that a file imports anywhere in it."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module]
    return {name.partition(".")[0] for name in names}


def test_without_keras_cv_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keras_cv", None)
    with pytest.raises(ReproduceError, match="needs keras_cv: install this project with its extra 'data'"):
        AugmentedEpochs(DATA, ("flip",))
