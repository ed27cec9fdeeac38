"""Training images as keras-cv changes them, in a tf.data pipeline; the same for every backend of Keras.

Each epoch has its own seed and its own pipeline: what an epoch sees does not depend on those before it, so a run that
was cut off goes on with the same images. Steps of the pipeline run one after another, since only then does keras-cv
give the same images for the same seed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reproduce.data import Dataset
from reproduce.errors import ReproduceError
from reproduce.training.settings import TrainingSettings

#: Those that mix two images, and so their labels.
MIXING = frozenset({"mixup", "cutmix"})


class AugmentedEpochs:
    """The training batches of an epoch, augmented.

    Args:
        dataset: Its training images.
        names: Which augmentations, in which order; see `reproduce.training.settings.TrainingSettings`.
        blank: What cutout fills its squares with, in the range of the data set's pixels; one number, or one a channel.
        magnitude: How strong "rand_augment" is.
        per_image: How many changes it makes to an image.

    Raises:
        ReproduceError: If keras-cv or TensorFlow is not installed.
    """

    def __init__(
        self,
        dataset: Dataset,
        names: Sequence[str],
        blank: Any = 0.0,
        *,
        magnitude: float = TrainingSettings.rand_augment_magnitude,
        per_image: int = TrainingSettings.rand_augment_per_image,
    ) -> None:
        try:
            import keras
            import keras_cv
            import tensorflow
        except ImportError as error:
            raise ReproduceError(
                f"training.augmentations needs {error.name}: install this project with its extra 'data' "
                "(pip install '.[data]'), or leave the augmentations out"
            ) from None
        if keras.backend.backend() != "tensorflow":
            # Otherwise TensorFlow takes the accelerator's memory from the backend that trains.
            tensorflow.config.set_visible_devices([], "GPU")
        self._layers = keras_cv.layers
        self._tf = tensorflow
        self._dataset = dataset
        self._names = tuple(names)
        self._magnitude, self._per_image = magnitude, per_image
        self._blank = np.asarray(blank, np.float32) * np.float32(255 / dataset.largest_pixel)

    def epoch(
        self, order: NDArray[np.int32], seed: int, group: int
    ) -> Iterator[tuple[NDArray[np.float32], NDArray[Any]]]:
        """The batches of ``order``, shape (steps, batch), in groups of ``group`` steps.

        Args:
            order: The images of each batch.
            seed: Of this epoch's draws, below 2^31.
            group: A divisor of steps.

        Returns:
            Images, float32 in the range of the data set's pixels, shape (group, batch, height, width, channels), and
            labels: indices (group, batch), or where images are mixed shares of the classes (group, batch, classes).
        """
        tf, train = self._tf, self._dataset.train
        with tf.device("cpu"):
            # As tensors beside the pipeline: inside its graph they would be constants, copied with it.
            images, labels = tf.constant(train.inputs), tf.constant(train.labels)
            stream = tf.data.Dataset.from_tensor_slices(order)
            stream = stream.map(lambda indices: self._sample(tf.gather(images, indices), tf.gather(labels, indices)))
            for place, name in enumerate(self._names):
                stream = self._augmented(stream, name, seed + place, order.shape[1])
            stream = stream.map(self._finished).batch(group).prefetch(2)
            yield from stream.as_numpy_iterator()

    def _sample(self, images: Any, labels: Any) -> dict[str, Any]:
        """Give keras-cv pixels from 0 to 255, which all of its layers can work on."""
        shares = self._tf.one_hot(labels, len(self._dataset.classes))
        return {"images": self._tf.cast(images, "float32") * (255 / self._dataset.largest_pixel), "labels": shares}

    def _finished(self, sample: dict[str, Any]) -> tuple[Any, Any]:
        tf, labels = self._tf, sample["labels"]
        if not MIXING & set(self._names):
            labels = tf.argmax(labels, axis=-1, output_type=tf.int32)
        return sample["images"] * (self._dataset.largest_pixel / 255), labels

    def _augmented(self, stream: Any, name: str, seed: int, batch: int) -> Any:
        tf = self._tf
        change = self._change(name, seed)

        def augment(sample: dict[str, Any]) -> dict[str, Any]:
            # keras-cv leaves some of its draws to the graph's seed. This one is set for the function's own graph.
            tf.compat.v1.set_random_seed(seed)
            return change(sample)

        if name != "rand_augment":
            return stream.map(augment)
        # On a batch it would go over the images in parallel, and which gets which draw would be left to chance.
        return stream.unbatch().map(augment).batch(batch, drop_remainder=True)

    def _change(self, name: str, seed: int) -> Callable[[dict[str, Any]], dict[str, Any]]:
        layers = self._layers
        make: dict[str, Callable[[], Any]] = {
            "flip": lambda: layers.RandomFlip("horizontal", seed=seed),
            "cutout": lambda: layers.RandomCutout((0.25, 0.25), (0.25, 0.25), seed=seed),
            "rand_augment": lambda: layers.RandAugment(
                value_range=(0, 255),
                augmentations_per_image=self._per_image,
                magnitude=self._magnitude,
                seed=seed,
            ),
            "mixup": lambda: layers.MixUp(seed=seed),
            "cutmix": lambda: layers.CutMix(seed=seed),
        }
        if name == "crop":
            return self._cropped
        layer = make[name]()
        if name == "cutout":
            return lambda sample: self._cut_out(layer, sample)
        return lambda sample: layer(sample, training=True)

    def _cut_out(self, layer: Any, sample: dict[str, Any]) -> dict[str, Any]:
        """Keras-cv fills with 0, which here is what the network takes for 0, as in the engine's cutout."""
        changed = layer({**sample, "images": sample["images"] - self._blank}, training=True)
        return {**changed, "images": changed["images"] + self._blank}

    def _cropped(self, sample: dict[str, Any]) -> dict[str, Any]:
        """Mirrored by an eighth on every side, then cut out anywhere; keras-cv's RandomCrop stretches pixels."""
        tf, images = self._tf, sample["images"]
        for axis, length in ((1, images.shape[1]), (2, images.shape[2])):
            edge = length // 8
            wide = tf.pad(images, [[edge, edge] if n == axis else [0, 0] for n in range(4)], mode="REFLECT")
            first = tf.random.uniform([tf.shape(images)[0], 1], maxval=2 * edge + 1, dtype=tf.int32)
            images = tf.gather(wide, first + tf.range(length), axis=axis, batch_dims=1)
        return {**sample, "images": images}
