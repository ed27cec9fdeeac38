"""The six data sets in the layouts in which they are published: small ones, made by the tests."""

import dataclasses
import gzip
import io
from pathlib import Path

import numpy as np
import pytest

from reproduce.data import Dataset, load_dataset
from reproduce.data.archives import Archive
from reproduce.data.folders import Folder
from reproduce.data.image_files import ImageFile, content_checksum, make_dataset
from reproduce.data.images import decode
from reproduce.data.layouts.caltech101 import NUM_TRAIN
from reproduce.data.tree_files import TreeFiles, open_folder
from reproduce.errors import DataError, ReproduceWarning
from tests.data.cases import FOLDER, encoded
from tests.data.published import INNER, PUBLISHED, annotations, as_folder, as_tar, as_zip, mat, packed_inside, records

NAMES = tuple(PUBLISHED)


@pytest.fixture(autouse=True)
def no_prepared_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "nothing"))


def files_of(name: str) -> dict[str, bytes]:
    return PUBLISHED[name][1]()[0]


def load(name: str, data_dir: Path) -> Dataset:
    return load_dataset(dataclasses.replace(FOLDER, source=name), data_dir)


def forms(name: str, folder: Path) -> dict[str, TreeFiles]:
    """A data set as a folder, a zip and a tar, and with archives inside where it is published so."""
    root, make = PUBLISHED[name]
    files, _ = make()
    found = {
        "folder": open_folder(as_folder(files, folder / "a" / root)),
        "zip": TreeFiles(Archive(as_zip(files, folder / f"{root}.zip", root))),
    }
    (folder / f"{root}.tar.gz").write_bytes(as_tar(files, root))
    found["tar"] = TreeFiles(Archive(folder / f"{root}.tar.gz"))
    if name in INNER:
        packed = packed_inside(name, files)
        found["packed folder"] = open_folder(as_folder(packed, folder / "b" / root))
        found["packed zip"] = TreeFiles(Archive(as_zip(packed, folder / f"packed-{root}.zip", root)))
        (folder / f"packed-{root}.tar").write_bytes(as_tar(packed, root, ""))
        found["packed tar"] = TreeFiles(Archive(folder / f"packed-{root}.tar"))
    return found


@pytest.mark.parametrize("name", NAMES)
def test_each_form_of_a_published_data_set_gives_the_same_images(name: str, tmp_path: Path) -> None:
    _, expected = PUBLISHED[name][1]()
    sums = set()
    for form, files in forms(name, tmp_path).items():
        listing = files.listing()
        found = {part: {label: set(names) for label, names in listing[part].items()} for part in listing}
        assert expected is None or found == expected, form
        sums.add(content_checksum(files, listing, check_images=True))
        assert [len(part) for part in make_dataset(files, FOLDER).parts.values()][2] > 0, form
    assert len(sums) == 1


@pytest.mark.parametrize("name", NAMES)
def test_a_published_data_set_is_found_under_its_own_and_its_published_name(name: str, tmp_path: Path) -> None:
    root, make = PUBLISHED[name]
    files, _ = make()
    checksums = set()
    for number, place in enumerate((name, root, root.upper())):
        as_folder(files, tmp_path / str(number) / place)
        checksums.add(load(name, tmp_path / str(number)).checksum())
    for folder, place in (("under", f"{name}.TAR.GZ"), ("inside", f"{name}/{root}.tar.gz")):
        path = tmp_path / folder / place
        path.parent.mkdir(parents=True)
        path.write_bytes(as_tar(files, root))
        checksums.add(load(name, tmp_path / folder).checksum())
    assert len(checksums) == 1


def test_every_image_of_a_file_of_many_has_its_own_pixels(tmp_path: Path) -> None:
    for name, file, num_labels in (("cifar10", "test_batch.bin", 1), ("cifar100", "test.bin", 2)):
        files = files_of(name)
        tree = TreeFiles(Folder(as_folder(files, tmp_path / name)))
        listing = tree.listing()["test"]
        wanted = [ImageFile("test", label, image) for label in listing for image in listing[label]]
        found = {image.name: decode(content, "x", None) for image, content in tree.read(wanted)}
        rows = np.frombuffer(files[file], np.uint8).reshape(-1, num_labels + 3072)[:, num_labels:]
        assert len(found) == len(rows)
        for number, row in enumerate(rows):
            red, green, blue = row.reshape(3, 32, 32)
            assert np.array_equal(found[f"{file[:-4]}-{number:05}"], np.dstack([red, green, blue]))


def test_of_caltech_thirty_images_a_class_are_for_training_and_the_background_is_a_class(tmp_path: Path) -> None:
    tree = open_folder(as_folder(files_of("caltech101"), tmp_path / "caltech-101"))
    listing = tree.listing()
    counts = {part: {label: len(names) for label, names in listing[part].items()} for part in listing}
    assert counts == {
        "train": {"BACKGROUND_Google": NUM_TRAIN, "Faces": NUM_TRAIN},
        "test": {"BACKGROUND_Google": 3, "Faces": 1},
    }
    for label in ("BACKGROUND_Google", "Faces"):
        assert not set(listing["train"][label]) & set(listing["test"][label])
    left_out = dataclasses.replace(FOLDER, source="caltech101", leave_out=("BACKGROUND_Google",))
    with pytest.raises(DataError, match="one class only"):
        load_dataset(left_out, tmp_path)


def test_the_folder_of_caltechs_classes_will_do(tmp_path: Path) -> None:
    files = {path.partition("/")[2]: content for path, content in files_of("caltech101").items()}
    as_folder(files, tmp_path / "a" / "101_ObjectCategories")
    as_folder(files_of("caltech101"), tmp_path / "b" / "caltech-101")
    assert load("caltech101", tmp_path / "a").checksum() == load("caltech101", tmp_path / "b").checksum()


def test_images_that_no_part_has_are_counted(tmp_path: Path) -> None:
    files = files_of("tiny_imagenet") | {"more/odd.png": encoded(1, kind="png")}
    assert open_folder(as_folder(files, tmp_path / "tiny")).unread == {"test": 1, "more": 1}
    packed = TreeFiles(Archive(as_zip(files, tmp_path / "tiny.zip", "tiny")))
    assert packed.unread == {"tiny/test": 1, "tiny/more": 1}


def test_what_is_loaded_tells_once_of_images_that_it_leaves_out(tmp_path: Path, recwarn) -> None:
    files = files_of("tiny_imagenet")
    path = as_zip(files, tmp_path / "tiny.zip", "tiny")
    load_dataset(FOLDER, path)
    assert not recwarn, "those of test, which have no labels, belong to the data set"
    path = as_zip(files | {"more/odd.png": encoded(1, kind="png")}, tmp_path / "tiny.zip", "tiny")
    for _ in range(2):  # The second time it comes out of the cache.
        load_dataset(FOLDER, path, tmp_path / "cache")
    (told,) = recwarn
    assert told.category is ReproduceWarning
    assert str(told.message) == (
        f"{path}: what lies beside the data set is not read, 1 image in tiny/more: put it into class folders, or "
        "remove it"
    )
    load_dataset(FOLDER, as_folder(files | {"val/odd.png": encoded(1, kind="png")}, tmp_path / "tiny"))
    assert "1 image in val" in str(recwarn.list[-1].message)


def without(*names: str):
    return lambda files: {path: content for path, content in files.items() if path not in names}


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("tiny_imagenet", without("val/val_annotations.txt"), r"has no val/val_annotations\.txt, which belongs to"),
        (
            "tiny_imagenet",
            lambda f: {path: content for path, content in f.items() if not path.startswith("val/")},
            r"has no val/val_annotations\.txt, which belongs to the data set as published",
        ),
        ("tiny_imagenet", without("val/images/val_1.JPEG"), r"has no val/images/val_1\.JPEG, which has a label \(1 im"),
        ("tiny_imagenet", lambda f: f | {"val/images/val_9.JPEG": b""}, r"val/images/val_9\.JPEG has no label"),
        (
            "tiny_imagenet",
            lambda f: f | {"wnids.txt": b"n1\n"},
            "class 'n2' of val_annotations.txt is not in wnids.txt",
        ),
        ("tiny_imagenet", lambda f: f | {"wnids.txt": b"\xff\n"}, r"wnids\.txt is not UTF-8"),
        (
            "tiny_imagenet",
            lambda f: f | {"val/val_annotations.txt": b"a b\n"},
            "line 1 of val_annotations.txt must name",
        ),
        ("tiny_imagenet", lambda f: f | {"train/n1/x.JPEG": b""}, r"train/n1/x\.JPEG is not where Tiny ImageNet has"),
        ("tiny_imagenet", lambda f: f | {"train/n3/images/x.JPEG": b""}, "CLASS one of wnids.txt"),
        ("tiny_imagenet", lambda f: f | {"wnids.txt": b"n1\nn2\nn3\n"}, "train/n3 has no images"),
        (
            "caltech101",
            without("101_ObjectCategories/Faces/image_0001.jpg"),
            "Faces has 30 images; 30 are for training",
        ),
        ("caltech101", lambda f: f | {"101_ObjectCategories/x.jpg": b""}, r"x\.jpg is not where Caltech 101 has"),
        ("flowers102", without("jpg/image_00003.jpg"), r"has no jpg/image_00003\.jpg, which has a label"),
        ("flowers102", lambda f: f | {"jpg/image_00009.jpg": b""}, r"jpg/image_00009\.jpg has no label"),
        (
            "flowers102",
            lambda f: f | {"setid.mat": b"MATLAB"},
            r"cannot read setid\.mat: it is no MATLAB file of version",
        ),
        ("flowers102", lambda f: f | {"setid.mat": mat(trnid=[1])}, r"setid\.mat has no variable valid"),
        ("flowers102", lambda f: f | {"setid.mat": mat(trnid=[1], valid=[1], tstid=[2])}, "names image 1 twice"),
        ("flowers102", lambda f: f | {"imagelabels.mat": mat(labels=[0.5])}, "must hold whole numbers from 1"),
        (
            "cars196",
            without("cars_test_annos_withlabels.mat"),
            r"has no cars_test_annos_withlabels\.mat, which belongs",
        ),
        ("cars196", without("devkit/cars_meta.mat"), r"has no devkit/cars_meta\.mat"),
        ("cars196", without("cars_train/00002.jpg"), r"has no cars_train/00002\.jpg, which has a label"),
        ("cars196", lambda f: f | {"devkit/cars_meta.mat": mat(class_names=3)}, "must be a list of different names"),
        (
            "cars196",
            lambda f: f | {"devkit/cars_train_annos.mat": annotations(["a.jpg"], [3])},
            r"a\.jpg is labelled 3, but there are 2 classes",
        ),
        (
            "cars196",
            lambda f: f | {"devkit/cars_train_annos.mat": mat(annotations="no")},
            "annotations must hold each image's fname",
        ),
        ("cifar10", without("data_batch_3.bin"), r"has no data_batch_3\.bin, which belongs to"),
        (
            "cifar10",
            lambda f: f | {"test_batch.bin": bytes(3074)},
            r"test_batch\.bin is of 3074 bytes; expected a multiple",
        ),
        ("cifar10", lambda f: f | {"test_batch.bin": b""}, r"test_batch\.bin is of 0 bytes"),
        ("cifar10", lambda f: f | {"test_batch.bin": records([[2]], 0)}, "has the label 2, but there are 2 classes"),
        ("cifar100", lambda f: f | {"fine_label_names.txt": b"a\na\n"}, "names a class twice"),
    ],
)
def test_what_a_published_data_set_lacks_is_named(name: str, change, said: str, tmp_path: Path) -> None:
    as_folder(change(files_of(name)), tmp_path / name)
    with pytest.raises(DataError, match=said):
        load(name, tmp_path)


def test_versions_of_cifar_in_other_formats_are_named_with_the_one_to_bring(tmp_path: Path) -> None:
    python = {"data_batch_1": b"\x80\x02}.", "batches.meta": b"\x80\x02}."}
    as_folder(python, tmp_path / "cifar-10-batches-py")
    hundred = {"train": b"\x80\x02}.", "test": b"\x80\x02}.", "meta": b"\x80\x02}."}
    (tmp_path / "cifar-100-python.tar.gz").write_bytes(as_tar(hundred, "cifar-100-python"))
    for name in ("cifar10", "cifar100"):
        with pytest.raises(
            DataError, match=r"pickle, which can run code\. Bring the binary version instead, cifar-10-bin"
        ):
            load(name, tmp_path)
    as_folder(files_of("cifar10"), tmp_path / "cifar-10-batches-bin")
    assert load("cifar10", tmp_path).classes == ("airplane", "automobile")


def test_an_archive_inside_is_read_once_and_not_where_its_folder_is(tmp_path: Path) -> None:
    files = files_of("flowers102")
    both = as_folder(files | packed_inside("flowers102", files), tmp_path / "flowers102")
    assert len(load("flowers102", tmp_path).test) == 4
    (both / "102flowers.tgz").write_bytes(b"not looked at")
    assert len(load("flowers102", tmp_path).test) == 4


@pytest.mark.parametrize("outer", ["folder", "zip"])
def test_a_damaged_archive_inside_is_named(outer: str, tmp_path: Path) -> None:
    packed = packed_inside("flowers102", files_of("flowers102"))
    whole = packed["102flowers.tgz"]
    for damaged in (whole[: len(whole) // 2], whole[:-6], b"", gzip.compress(b"no tar")):
        changed = packed | {"102flowers.tgz": damaged}
        if outer == "zip":
            tree = TreeFiles(Archive(as_zip(changed, tmp_path / "flowers.zip", "flowers")))
        else:
            tree = TreeFiles(Folder(as_folder(changed, tmp_path / "flowers")))
        with pytest.raises(DataError, match=r"(flowers\.zip|102flowers\.tgz) is damaged or cut short"):
            tree.listing()


def test_what_an_archive_inside_holds_is_held_to_the_same_rules(tmp_path: Path) -> None:
    for name, said in (("../x.jpg", "a path outside its own folder"), ("/x.jpg", "a path outside its own folder")):
        evil = as_tar({name: b"x"})
        path = as_zip({"102flowers.tgz": evil}, tmp_path / "evil.zip", "flowers")
        with pytest.raises(DataError, match=said):
            TreeFiles(Archive(path)).listing()
    deeper = as_tar({"jpg/102flowers.tgz": as_tar({"jpg/image_00001.jpg": b"x"})})
    tree = TreeFiles(Archive(as_zip({"102flowers.tgz": deeper}, tmp_path / "deep.zip", "flowers")))
    paths = {member.path.name for member in Archive(tmp_path / "deep.zip").members()}
    assert paths == {"102flowers.tgz"}
    with pytest.raises(DataError, match="is no published data set"):
        tree.listing()


def test_a_published_archive_is_read_by_one_who_names_it(tmp_path: Path) -> None:
    root, make = PUBLISHED["tiny_imagenet"]
    path = as_zip(make()[0], tmp_path / f"{root}.zip", root)
    found = load_dataset(FOLDER, path)
    assert (found.name, found.classes) == (root, ("n1", "n2"))
    assert io.BytesIO(path.read_bytes()).read(2) == b"PK"
