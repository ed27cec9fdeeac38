"""TensorFlow Datasets on small published files, made here and brought by hand: no network is used."""

import dataclasses
import zipfile
from pathlib import Path

import numpy as np
import pytest

from reproduce.data import load_dataset
from reproduce.data.archives import file_checksum
from reproduce.data.catalog import CATALOG
from reproduce.data.image_files import content_checksum
from reproduce.data.prepared import FOLDER_NAME, find_prepared, prepare, prepared_folders
from reproduce.errors import DataError
from tests.data.cases import FOLDER, encoded, tar_of
from tests.data.published import annotations, mat

pytest.importorskip("tensorflow_datasets", reason="the extra data is not installed")
from reproduce.data.builders import StanfordCars, TinyImagenet
from reproduce.data.builders.downloads import Download, require_reachable

TINY, CARS = CATALOG["tiny_imagenet"], CATALOG["cars196"]


@pytest.fixture
def manual(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where files fetched by hand go; nothing else on this machine is looked at."""
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "usual"))
    folder = tmp_path / FOLDER_NAME / "downloads" / "manual"
    folder.mkdir(parents=True)
    return folder


def tiny_zip(path: Path, *, labels: int = 4, images: int = 4) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("tiny-imagenet-200/wnids.txt", "n2\nn1\n")
        for number in range(8):
            name = f"n{number % 2 + 1}"
            archive.writestr(f"tiny-imagenet-200/train/{name}/{name}_boxes.txt" + str(number), "")
            archive.writestr(f"tiny-imagenet-200/train/{name}/images/{name}_{number}.JPEG", encoded(number))
        lines = [f"val_{number}.JPEG\tn{number % 2 + 1}\t0\t0\t8\t8\n" for number in range(labels)]
        archive.writestr("tiny-imagenet-200/val/val_annotations.txt", "".join(lines))
        for number in range(images):
            archive.writestr(f"tiny-imagenet-200/val/images/val_{number}.JPEG", encoded(100 + number))
        archive.writestr("tiny-imagenet-200/test/images/test_0.JPEG", encoded(999))


def trust(builder, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Take what lies in ``folder`` for what was published."""
    known = tuple(dataclasses.replace(each, sha256=file_checksum(folder / each.name)) for each in builder.files)
    monkeypatch.setattr(builder, "files", known)


def cars(folder: Path, *, classes: tuple[int, ...] = (1, 2), num_test: int = 2) -> None:
    names = [f"{number:05}.jpg" for number in range(4)]
    labels = [classes[number % 2] for number in range(4)]
    meta = mat(class_names=np.array(["AM General Hummer", "Ram C/V Cargo"], object))
    kit = {"devkit/cars_meta.mat": meta, "devkit/cars_train_annos.mat": annotations(names, labels)}
    tar_of(folder / "car_devkit.tgz", kit, mode="gz")
    tar_of(folder / "cars_train.tgz", {f"cars_train/{name}": encoded(int(name[:5])) for name in names}, mode="gz")
    test = {f"cars_test/{name}": encoded(50 + int(name[:5])) for name in names[:num_test]}
    tar_of(folder / "cars_test.tgz", test, mode="gz")
    (folder / "cars_test_annos_withlabels.mat").write_bytes(annotations(names[:2], labels[:2]))


def test_tiny_imagenet_is_prepared_and_read(manual: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny_zip(manual / "tiny-imagenet-200.zip")
    trust(TinyImagenet, manual, monkeypatch)
    assert find_prepared(TINY, tmp_path) is None
    files = prepare(TINY, tmp_path)
    assert files == find_prepared(TINY, tmp_path)
    data = load_dataset(
        dataclasses.replace(FOLDER, source="tiny_imagenet", image_size=None), tmp_path, tmp_path / "cache"
    )
    assert (data.name, data.classes, data.image_shape) == ("tiny_imagenet", ("n1", "n2"), (8, 9, 3))
    assert [len(part) for part in data.parts.values()] == [6, 2, 4]
    from reproduce.data.images import decode

    expected = {decode(encoded(100 + number), "", None).tobytes(): number % 2 for number in range(4)}
    assert {i.tobytes(): label for i, label in zip(data.test.inputs, data.test.labels, strict=True)} == expected
    again = load_dataset(
        dataclasses.replace(FOLDER, source="tiny_imagenet", image_size=None), tmp_path, tmp_path / "cache"
    )
    assert again.checksum() == data.checksum()
    assert content_checksum(files, files.listing(), check_images=True)


def test_stanford_cars_are_prepared_and_read(manual: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cars(manual)
    trust(StanfordCars, manual, monkeypatch)
    prepare(CARS, tmp_path)
    data = load_dataset(dataclasses.replace(FOLDER, source="cars196"), tmp_path)
    assert data.classes == ("AM General Hummer", "Ram C/V Cargo")
    assert [len(part) for part in data.parts.values()] == [2, 2, 2]


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"classes": (1, 3)}, "labelled 3, but there are 2 classes"), ({"num_test": 1}, "has no 00001.jpg")],
)
def test_labels_that_do_not_fit_are_named(
    manual: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, object], message: str
) -> None:
    cars(manual, **changes)
    trust(StanfordCars, manual, monkeypatch)
    with pytest.raises(DataError, match=message):
        prepare(CARS, tmp_path)
    assert find_prepared(CARS, tmp_path) is None


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ({"labels": 3}, r"val_3\.JPEG has no label"),
        ({"images": 3}, r"has no val/images/val_3\.JPEG, which has a label"),
    ],
)
def test_validation_images_and_their_labels_must_agree(
    manual: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, counts: dict[str, int], message: str
) -> None:
    tiny_zip(manual / "tiny-imagenet-200.zip", **counts)
    trust(TinyImagenet, manual, monkeypatch)
    with pytest.raises(DataError, match=message):
        prepare(TINY, tmp_path)
    assert find_prepared(TINY, tmp_path) is None


def test_a_file_that_is_not_the_published_one_is_refused(manual: Path, tmp_path: Path) -> None:
    tiny_zip(manual / "tiny-imagenet-200.zip")
    with pytest.raises(DataError, match=r"tiny-imagenet-200\.zip has SHA-256 .*the published file has 6198c8ae"):
        prepare(TINY, tmp_path)


def test_files_that_must_be_brought_are_named(manual: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"manual lacks cars_train\.tgz, cars_test\.tgz, .*address is dead"):
        prepare(CARS, tmp_path)


@pytest.mark.parametrize("name", ["cifar10", "cifar100", "flowers102", "caltech101", "tiny_imagenet"])
def test_without_a_network_the_remedy_is_said_at_once(
    manual: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def no_address(*_: object) -> None:
        raise OSError("no network")

    monkeypatch.setattr("reproduce.data.builders.downloads.socket.getaddrinfo", no_address)
    monkeypatch.setattr("reproduce.data.builders.downloads.getproxies", dict)
    with pytest.raises(DataError, match=rf"cannot fetch {name} \(no network: .*DIR/{name}\.tar\.xz"):
        prepare(CATALOG[name], tmp_path)


def test_a_missing_library_is_named_with_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reproduce.data.prepared.find_spec", lambda _: None)
    with pytest.raises(DataError, match=r'needs TensorFlow Datasets: pip install "paper-optimizers\[data\]"'):
        prepare(TINY, tmp_path)


def test_a_proxy_may_know_what_is_not_known_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reproduce.data.builders.downloads.getproxies", lambda: {"https": "proxy"})
    require_reachable(["https://nowhere.invalid/file"])


def test_a_damaged_prepared_version_is_named(manual: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny_zip(manual / "tiny-imagenet-200.zip")
    trust(TinyImagenet, manual, monkeypatch)
    for path in prepare(TINY, tmp_path).folder.glob("*.tfrecord*"):
        path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataError, match=r"cannot read tiny_imagenet as prepared in .*remove that folder"):
        load_dataset(dataclasses.replace(FOLDER, source="tiny_imagenet"), tmp_path)


def test_checksums_on_record_agree(manual: Path) -> None:
    recorded = TinyImagenet.url_infos
    (download,) = TinyImagenet.files
    assert isinstance(download, Download)
    assert recorded[download.url].checksum == download.sha256
    assert recorded[download.url].size == 248_100_043
    assert prepared_folders(None) == [manual.parents[2] / "usual"]


def test_every_name_in_the_catalog_has_a_builder_with_its_splits(tmp_path: Path) -> None:
    import tensorflow_datasets as tfds

    for entry in CATALOG.values():
        if entry.name not in ("tiny_imagenet", "cars196"):
            assert (
                tfds.builder(entry.tfds_name, data_dir=tmp_path).info.features["label"].num_classes == entry.num_classes
            )
