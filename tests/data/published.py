"""Small data sets in the layouts in which the six are published, made here: files by path, and what must come out."""

import io
import tarfile
import zipfile
from pathlib import Path

import numpy as np

from tests.data.cases import encoded

#: For each part and class the names of the images.
Expected = dict[str, dict[str, set[str]]]


def mat(**content: object) -> bytes:
    from scipy.io import savemat

    file = io.BytesIO()
    savemat(file, content, do_compression=True)
    return file.getvalue()


def annotations(names: list[str], classes: list[int]) -> bytes:
    """Of Stanford Cars: boxes, classes and files."""
    table = np.zeros(len(names), dtype=[("bbox_x1", object), ("class", object), ("fname", object)])
    table["bbox_x1"], table["class"], table["fname"] = 7, classes, names
    return mat(annotations=table)


def tiny_imagenet() -> tuple[dict[str, bytes], Expected]:
    files = {"wnids.txt": b"n2\nn1\n", "words.txt": b"n1\ta\nn2\tb\n"}
    for number in range(8):
        name = f"n{number % 2 + 1}"
        files[f"train/{name}/images/{name}_{number}.JPEG"] = encoded(number)
        files[f"train/{name}/{name}_boxes.txt"] = b""
    lines = "".join(f"val_{number}.JPEG\tn{number % 2 + 1}\t0\t0\t8\t8\n" for number in range(4))
    files["val/val_annotations.txt"] = lines.encode()
    files |= {f"val/images/val_{number}.JPEG": encoded(100 + number) for number in range(4)}
    files["test/images/test_0.JPEG"] = encoded(999)
    train = {f"n{label + 1}": {f"n{label + 1}_{number}.JPEG" for number in range(label, 8, 2)} for label in (0, 1)}
    test = {f"n{label + 1}": {f"val_{number}.JPEG" for number in range(label, 4, 2)} for label in (0, 1)}
    return files, {"train": train, "test": test}


def caltech101() -> tuple[dict[str, bytes], None]:
    """Two classes of 33 and 31 images; which are for training is a matter of hashes."""
    files = {"101_ObjectCategories/BACKGROUND_Google/tmp": b""}
    for label, count in (("BACKGROUND_Google", 33), ("Faces", 31)):
        for number in range(1, count + 1):
            files[f"101_ObjectCategories/{label}/image_{number:04}.jpg"] = encoded(number + count, (4, 5))
    return files, None


def flowers102() -> tuple[dict[str, bytes], Expected]:
    labels = np.array([2, 1, 1, 2, 1, 2, 1, 2], np.uint8)
    parts = {"trnid": [1, 2], "valid": [3, 4], "tstid": [5, 6, 7, 8]}
    files = {"imagelabels.mat": mat(labels=labels[None].astype(float))}
    files["setid.mat"] = mat(**{name: np.array(numbers, np.uint16)[None] for name, numbers in parts.items()})
    files |= {f"jpg/image_{number:05}.jpg": encoded(number) for number in range(1, 9)}
    expected: Expected = {"train": {"001": set(), "002": set()}, "test": {"001": set(), "002": set()}}
    for part, numbers in parts.items():
        for number in numbers:
            expected["test" if part == "tstid" else "train"][f"00{labels[number - 1]}"].add(f"image_{number:05}.jpg")
    return files, expected


def cars196(classes: tuple[int, int] = (1, 2)) -> tuple[dict[str, bytes], Expected]:
    names = ["AM General Hummer SUV 2000", "Ram C/V Cargo Van Minivan 2012"]
    train, test = ([f"{number:05}.jpg" for number in range(1, count + 1)] for count in (6, 4))
    files = {"devkit/cars_meta.mat": mat(class_names=np.array(names, object)), "devkit/README.txt": b"a kit"}
    files["devkit/cars_train_annos.mat"] = annotations(train, [classes[number % 2] for number in range(6)])
    files["cars_test_annos_withlabels.mat"] = annotations(test, [classes[number % 2] for number in range(4)])
    files |= {f"cars_train/{name}": encoded(int(name[:5])) for name in train}
    files |= {f"cars_test/{name}": encoded(50 + int(name[:5])) for name in test}
    expected = {
        part: {names[label]: set(images[label::2]) for label in (0, 1)}
        for part, images in (("train", train), ("test", test))
    }
    return files, expected


def records(labels: list[list[int]], seed: int) -> bytes:
    """Of CIFAR: for each image its labels and 3,072 values."""
    pixels = np.random.default_rng(seed).integers(0, 256, (len(labels), 3072), dtype=np.uint8)
    return np.concatenate([np.array(labels, np.uint8), pixels], axis=1).tobytes()


def cifar10() -> tuple[dict[str, bytes], Expected]:
    files = {f"data_batch_{number}.bin": records([[0], [1]], number) for number in range(1, 6)}
    files |= {"test_batch.bin": records([[1], [0], [1]], 9), "batches.meta.txt": b"airplane\nautomobile\n\n"}
    train = {
        name: {f"data_batch_{number}-0000{row}" for number in range(1, 6)}
        for row, name in enumerate(("airplane", "automobile"))
    }
    test = {"airplane": {"test_batch-00001"}, "automobile": {"test_batch-00000", "test_batch-00002"}}
    return files, {"train": train, "test": test}


def cifar100() -> tuple[dict[str, bytes], Expected]:
    """Of each record the second label is the class, the first a group of classes."""
    files = {"train.bin": records([[3, 0], [4, 1], [4, 0], [3, 1]], 1), "test.bin": records([[3, 1], [3, 0]], 2)}
    files |= {"fine_label_names.txt": b"apple\nbear\n", "coarse_label_names.txt": b"a\nb\nc\nd\ne\n"}
    train = {"apple": {"train-00000", "train-00002"}, "bear": {"train-00001", "train-00003"}}
    return files, {"train": train, "test": {"apple": {"test-00001"}, "bear": {"test-00000"}}}


#: By the data set's name in the catalog: the folder that its archive unpacks to, and its files.
PUBLISHED = {
    "tiny_imagenet": ("tiny-imagenet-200", tiny_imagenet),
    "caltech101": ("caltech-101", caltech101),
    "flowers102": ("flowers-102", flowers102),
    "cars196": ("stanford_cars", cars196),
    "cifar10": ("cifar-10-batches-bin", cifar10),
    "cifar100": ("cifar-100-binary", cifar100),
}
#: The archives that they consist of, and what is in each.
INNER = {
    "caltech101": {"101_ObjectCategories.tar.gz": "101_ObjectCategories"},
    "flowers102": {"102flowers.tgz": "jpg"},
    "cars196": {"cars_train.tgz": "cars_train", "cars_test.tgz": "cars_test", "car_devkit.tgz": "devkit"},
}


def as_folder(files: dict[str, bytes], root: Path) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return root


def as_zip(files: dict[str, bytes], path: Path, root: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(f"{root}/{name}", content)
    return path


def as_tar(files: dict[str, bytes], root: str = "", mode: str = "gz") -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=f"w:{mode}") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(f"{root}/{name}" if root else name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return file.getvalue()


def packed_inside(name: str, files: dict[str, bytes]) -> dict[str, bytes]:
    """The same files with those folders packed that are published as archives."""
    packed = dict(files)
    for archive, folder in INNER[name].items():
        inside = {path: content for path, content in files.items() if path.split("/")[0] == folder}
        packed[archive] = as_tar(inside)
        for path in inside:
            del packed[path]
    return packed
