"""The data sets that experiments call by name: where they come from, how large they are, what one may do with them."""

from __future__ import annotations

from dataclasses import dataclass

from reproduce.data.dataset import share
from reproduce.data.settings import FOLDER, DataSettings, ImageSettings

UNKNOWN = "unknown"


@dataclass(frozen=True)
class DatasetInfo:
    """A published data set of images.

    Attributes:
        name: What protocols and folders call it.
        tfds_name: What TensorFlow Datasets, or this project's own builder, calls it.
        title: Its full name.
        homepage: Where its authors describe it.
        num_classes: Of the whole data set.
        train_images: Of the split that is used here; None where that differs between machines.
        test_images: The same of the test part.
        train_split: TensorFlow Datasets' name of what is used for training and validation.
        test_split: And for the test.
        licence: As far as it is known for certain.
        files: The published files that are read as they are, for people.
        published: What its folder or archive is called when it comes as published, without an archive's ending.
        not_read: The same of published versions that are not read.
        manual: Whether its files must be fetched by hand, because their address is dead.
    """

    name: str
    tfds_name: str
    title: str
    homepage: str
    num_classes: int
    train_images: int | None
    test_images: int | None
    train_split: str
    test_split: str
    licence: str
    files: str
    published: tuple[str, ...]
    not_read: tuple[str, ...] = ()
    manual: bool = False

    @property
    def how_to_bring(self) -> str:
        """The ways in which a user who has its files can bring them."""
        return (
            f"put {self.files} as published in DIR/{self.name}, or class folders {{train,test}}/CLASS there or in "
            f"DIR/{self.name}.tar.xz, and give --data-dir DIR (make: DATA_DIR=DIR)"
        )


_DATASETS = (
    DatasetInfo(
        name="cifar10",
        tfds_name="cifar10",
        title="CIFAR-10",
        homepage="https://www.cs.toronto.edu/~kriz/cifar.html",
        num_classes=10,
        train_images=50_000,
        test_images=10_000,
        train_split="train",
        test_split="test",
        licence=UNKNOWN,
        files="cifar-10-binary.tar.gz",
        published=("cifar-10-binary", "cifar-10-batches-bin"),
        not_read=("cifar-10-python", "cifar-10-batches-py", "cifar-10-matlab", "cifar-10-batches-mat"),
    ),
    DatasetInfo(
        name="cifar100",
        tfds_name="cifar100",
        title="CIFAR-100",
        homepage="https://www.cs.toronto.edu/~kriz/cifar.html",
        num_classes=100,
        train_images=50_000,
        test_images=10_000,
        train_split="train",
        test_split="test",
        licence=UNKNOWN,
        files="cifar-100-binary.tar.gz",
        published=("cifar-100-binary",),
        not_read=("cifar-100-python", "cifar-100-matlab"),
    ),
    DatasetInfo(
        name="tiny_imagenet",
        tfds_name="tiny_imagenet",
        title="Tiny ImageNet",
        homepage="http://cs231n.stanford.edu/",
        num_classes=200,
        train_images=100_000,
        test_images=10_000,
        train_split="train",
        test_split="validation",
        licence=UNKNOWN,
        files="tiny-imagenet-200.zip",
        published=("tiny-imagenet-200",),
    ),
    DatasetInfo(
        name="flowers102",
        tfds_name="oxford_flowers102",
        title="Oxford Flowers 102",
        homepage="https://www.robots.ox.ac.uk/~vgg/data/flowers/102/",
        num_classes=102,
        train_images=2_040,
        test_images=6_149,
        train_split="train+validation",
        test_split="test",
        licence=UNKNOWN,
        files="102flowers.tgz, imagelabels.mat and setid.mat",
        published=("flowers-102", "oxford_flowers102"),
    ),
    DatasetInfo(
        name="cars196",
        tfds_name="cars196",
        title="Stanford Cars",
        homepage="https://ai.stanford.edu/~jkrause/cars/car_dataset.html",
        num_classes=196,
        train_images=8_144,
        test_images=8_041,
        train_split="train",
        test_split="test",
        licence=UNKNOWN,
        files="cars_train.tgz, cars_test.tgz, car_devkit.tgz and cars_test_annos_withlabels.mat",
        published=("stanford_cars",),
        manual=True,
    ),
    DatasetInfo(
        name="caltech101",
        tfds_name="caltech101",
        title="Caltech 101",
        homepage="https://doi.org/10.22002/D1.20086",
        num_classes=102,
        train_images=None,
        test_images=None,
        train_split="train",
        test_split="test",
        licence=UNKNOWN,
        files="caltech-101.zip or 101_ObjectCategories.tar.gz",
        published=("caltech-101", "101_ObjectCategories"),
    ),
)
#: By name.
CATALOG = {entry.name: entry for entry in _DATASETS}


#: Training images of each class of data sets whose parts are drawn by class (artifact/DATA.md).
_TRAIN_OF_A_CLASS = {"caltech101": 30}


def published_train_samples(settings: DataSettings) -> int | None:
    """The training samples that ``settings`` leave of a data set of the catalog; None for other sources.

    Classes count as equally large, as they are in all but Cars196, where this is off by a few images.
    """
    if not isinstance(settings, ImageSettings) or settings.source == FOLDER:
        return None
    entry = CATALOG[settings.source]
    images = entry.train_images or _TRAIN_OF_A_CLASS[entry.name] * entry.num_classes
    of_a_class: float = images / entry.num_classes
    if settings.train_per_class:
        of_a_class = min(of_a_class, float(settings.train_per_class))
    classes = entry.num_classes - len(settings.leave_out)
    if of_a_class.is_integer():
        of_a_class -= share(int(of_a_class), settings.validation_fraction)
    else:
        of_a_class *= 1 - settings.validation_fraction
    shares = (settings.imbalance ** (-label / (classes - 1)) for label in range(classes))
    return round(sum(of_a_class * each if settings.imbalance == 1 else round(of_a_class * each) for each in shares))
