import dataclasses
import shutil
import tarfile
from pathlib import Path

import numpy as np
import pytest

from reproduce.data import Dataset, DataSettings, dataset_name, load_dataset, require_batch
from reproduce.errors import DataError
from tests.data.cases import FOLDER, encoded, make_pets, pack


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_pets(tmp_path / "somewhere" / "pets")


def load(folder: Path, **changes: object) -> Dataset:
    return load_dataset(dataclasses.replace(FOLDER, **changes), folder)


def test_checksum_follows_pixels_labels_classes_and_split(folder: Path) -> None:
    first = load(folder)
    assert load(folder).checksum() == first.checksum()
    swapped = dataclasses.replace(first, train=first.test, test=first.train)
    renamed = dataclasses.replace(first, classes=("cat", "dog"))
    labels = dataclasses.replace(first.train, labels=1 - first.train.labels)
    pixels = dataclasses.replace(first.train, inputs=first.train.inputs ^ 1)
    changed = [swapped, renamed, *(dataclasses.replace(first, train=part) for part in (labels, pixels))]
    assert len({first.checksum(), *(each.checksum() for each in changed)}) == 5


def test_a_folder_is_read_resized_and_split(folder: Path) -> None:
    pets = load(folder)
    assert (pets.name, pets.classes, pets.image_shape) == ("pets", ("cat", "dög"), (8, 8, 3))
    assert [len(part) for part in pets.parts.values()] == [12, 4, 6]
    assert np.bincount(pets.train.labels).tolist() == [6, 6]
    assert pets.train.inputs.dtype == np.uint8


def test_parts_have_no_image_in_common(folder: Path) -> None:
    seen = [{image.tobytes() for image in part.inputs} for part in load(folder, image_size=16).parts.values()]
    assert [len(each) for each in seen] == [12, 4, 6]
    assert len(set.union(*seen)) == 22


def test_the_folder_around_one_data_set_will_do(folder: Path) -> None:
    assert dataset_name(FOLDER, folder.parent) == dataset_name(FOLDER, folder) == "pets"
    assert load(folder.parent).checksum() == load(folder).checksum()


def test_limits_hold_for_each_class_and_pick_the_same_images_each_time(folder: Path) -> None:
    few = load(folder, train_per_class=4, test_per_class=2)
    assert [len(part) for part in few.parts.values()] == [6, 2, 4]
    everything = {image.tobytes() for image in load(folder).test.inputs}
    assert {image.tobytes() for image in few.test.inputs} < everything


def test_files_that_are_no_images_and_hidden_ones_are_passed_over(folder: Path) -> None:
    before = load(folder).checksum()
    (folder / "train" / "cat" / "notes.txt").write_text("a cat")
    (folder / "train" / ".cache").mkdir()
    (folder / "train" / "labels.csv").write_text("")
    assert load(folder).checksum() == before


def test_without_a_size_images_of_one_size_are_left_as_they_are(folder: Path) -> None:
    with pytest.raises(DataError, match="set image_size to bring all to one size"):
        load(folder, image_size=None)
    for number, path in enumerate(sorted(folder.rglob("*.*g"))):
        path.write_bytes(encoded(number, (5, 7), "png"))
    assert load(folder, image_size=None).image_shape == (5, 7, 3)


def test_a_class_can_be_left_out_by_name(folder: Path) -> None:
    shutil.copytree(folder / "test" / "cat", folder / "test" / "owl")
    shutil.copytree(folder / "train" / "cat", folder / "train" / "yak")
    without = load(folder, leave_out=("owl", "yak"))
    assert without.classes == ("cat", "dög")
    with pytest.raises(DataError, match="no class 'emu' to leave out"):
        load(folder, leave_out=("emu",))


def _remove(path: Path) -> None:
    shutil.rmtree(path)


def _empty(path: Path) -> None:
    for file in path.iterdir():
        file.unlink()


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:60])


@pytest.mark.parametrize(
    ("where", "damage", "message"),
    [
        (".", _remove, "no folder .*pets; expected NAME/train/CLASS"),
        ("train", _remove, "has no folders train and test"),
        ("train/cat", _remove, "class 'cat' is only in test.*leave_out"),
        ("test/cat", _remove, "class 'cat' is only in train"),
        ("train/cat", _empty, r"train/cat has no images .*: add some, or remove the class"),
        ("train/cat/1.png", _truncate, r"cannot read the image .*train/cat/1.png.*replace or remove it"),
        (
            "test/cat/1.png",
            lambda path: path.write_text("no image"),
            r"cannot read the image .*test/cat/1.png: it is none, or",
        ),
    ],
)
def test_each_fault_is_named(folder: Path, where: str, damage, message: str) -> None:
    damage(folder / where)
    with pytest.raises(DataError, match=message):
        load(folder)


def test_no_classes_one_class_and_too_few_images(folder: Path) -> None:
    for number in range(1, 8):
        for suffix in ("png", "jpg"):
            (folder / "train" / "cat" / f"{number}.{suffix}").unlink(missing_ok=True)
    with pytest.raises(DataError, match=r"class 'cat' has 1 train image, and at least 2 are needed.*add some"):
        load(folder)
    for part in ("train", "test"):
        _remove(folder / part / "cat")
    with pytest.raises(DataError, match="one class only"):
        load(folder)
    _remove(folder / "train" / "dög")
    with pytest.raises(DataError, match="has no class folders"):
        load(folder)


def test_several_data_sets_are_not_guessed_at(folder: Path) -> None:
    shutil.copytree(folder, folder.parent / "more")
    with pytest.raises(DataError, match=r"several data sets .*more, pets"):
        dataset_name(FOLDER, folder.parent)


def test_a_folder_must_be_named(folder: Path) -> None:
    with pytest.raises(DataError, match="what --data-dir names"):
        load_dataset(FOLDER, None)


def test_fewer_images_than_a_batch(folder: Path) -> None:
    pets = load(folder)
    require_batch(pets, 12)
    with pytest.raises(DataError, match="pets has 12 training samples, fewer than one batch"):
        require_batch(pets, 13)


def test_a_data_set_of_the_catalog_is_found_by_its_name(tmp_path: Path) -> None:
    settings: DataSettings = dataclasses.replace(FOLDER, source="flowers102")
    with pytest.raises(DataError, match=r"no folder .*nowhere to look for data sets in"):
        load_dataset(settings, tmp_path / "nowhere")
    make_pets(tmp_path / "flowers102" / "inner")
    found = load_dataset(settings, tmp_path)
    assert (found.name, found.classes) == ("flowers102", ("cat", "dög"))


def test_what_is_missing_is_said_with_its_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "none"))
    for name, remedy in (("cifar10", "data prepare cifar10 where there is a network"), ("cars196", "fetch by hand")):
        with pytest.raises(DataError, match=f"{name}.* is not there in .*{remedy}"):
            load_dataset(dataclasses.replace(FOLDER, source=name), tmp_path)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("train/cat/more/z.png", "train/cat/more/z.png lies below the class folders, which are train/CLASS"),
        ("test/cat/images/deep/z.JPEG", "test/cat/images/deep/z.JPEG lies below the class folders"),
        ("train/z.png", "train/z.png lies outside the class folders"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_images_at_another_depth_are_refused_by_name(folder: Path, path: str, said: str, packed: bool) -> None:
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_bytes(encoded(0))
    with pytest.raises(DataError, match=said):
        load(pack(folder, folder.parent / "pets.zip") if packed else folder)


def test_what_systems_leave_beside_images_is_passed_over(folder: Path) -> None:
    before = load(folder).checksum()
    shutil.copytree(folder, folder.parent / "__MACOSX" / "pets")
    for name in ("__MACOSX/cat", "train/__MACOSX", "train/cat/.ipynb_checkpoints", "train/cat/__MACOSX"):
        shutil.copytree(folder / "test" / "cat", folder / name)
    for name in ("Thumbs.db", ".DS_Store", "._1.png", "desktop.ini"):
        (folder / "train" / "cat" / name).write_bytes(b"x")
        (folder / "train" / name).write_bytes(b"x")
    assert load(folder).checksum() == load(folder.parent).checksum() == before


def test_endings_of_images_are_read_in_any_case(folder: Path) -> None:
    before = len(load(folder).train)
    (folder / "train" / "cat" / "new.JPEG").write_bytes(encoded(1))
    (folder / "train" / "cat" / "new.Png").write_bytes(encoded(2, kind="png"))
    assert len(load(folder).train) + len(load(folder).validation) == before + 4 + 2


def test_links_are_followed_and_those_to_nothing_or_in_a_circle_are_named(folder: Path) -> None:
    before = load(folder).checksum()
    outside = folder.parent.parent / "outside"
    shutil.move(folder / "train" / "cat", outside)
    (folder / "train" / "cat").symlink_to(outside)
    assert load(folder).checksum() == before
    (folder / "train" / "cat" / "9.png").symlink_to("nowhere.png")
    with pytest.raises(
        DataError, match=r"cannot read .*train/cat/9\.png: it is no file, or a link to nothing; replace"
    ):
        load(folder)
    (folder / "train" / "cat" / "9.png").unlink()
    (folder / "train" / "dög" / "self").symlink_to(folder / "train")
    with pytest.raises(DataError, match="lies in itself, by a link"):
        load(folder)


def test_an_empty_image_is_named(folder: Path) -> None:
    (folder / "train" / "cat" / "1.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"train/cat/1\.png: the file is empty; replace or remove it"):
        load(folder)


def test_a_huge_file_is_refused_before_it_is_read(folder: Path) -> None:
    with (folder / "train" / "cat" / "1.png").open("r+b") as file:
        file.truncate(64 * 2**20 + 1)
    with pytest.raises(DataError, match=r"1\.png is of 67108865 bytes; no image has more than 67108864"):
        load(folder)


def test_one_spelling_of_a_name_on_every_system(folder: Path) -> None:
    """macOS writes the ö of a name as an o and two dots."""
    before = load(folder)
    (folder / "train" / "dög").rename(folder / "train" / "do\u0308g")
    assert load(folder).checksum() == before.checksum()
    shutil.copytree(folder / "test" / "dög", folder / "test" / "do\u0308g")
    with pytest.raises(DataError, match="test has two classes 'dög', in two spellings"):
        load(folder)


@pytest.mark.parametrize("place", ["train/c\udce9t", "train/cat/\udce9.png"])
def test_names_that_are_not_utf_8_are_refused_in_print(folder: Path, place: str) -> None:
    if place.endswith(".png"):
        (folder / place).write_bytes(encoded(0))
    else:
        shutil.copytree(folder / "train" / "cat", folder / place)
    archive = folder.parent / "pets.tar"
    with tarfile.open(archive, "w", encoding="utf-8", errors="surrogateescape") as tar:
        tar.add(folder, "pets")
    for path in (folder, archive):
        with pytest.raises(DataError, match=r"holds the name '.*\\xe9.*', which is not UTF-8: rename it") as raised:
            load(path)
        assert str(raised.value).encode("ascii")


def test_a_file_beside_the_images_may_have_any_name(folder: Path) -> None:
    before = load(folder).checksum()
    (folder / "train" / "cat" / "\udce9.txt").write_text("a note")
    assert load(folder).checksum() == before


@pytest.mark.parametrize(
    ("name", "fit"),
    [
        ("My Flowers", "My_Flowers"),
        ("50%_R&D", "50__R_D"),
        ("b\udce9b\udce9", "b_b_"),
        ("(", "_"),
        ("dög.v2-x", "dög.v2-x"),
    ],
)
def test_a_name_is_made_fit_for_results(tmp_path: Path, name: str, fit: str) -> None:
    pets = make_pets(tmp_path / name)
    assert dataset_name(FOLDER, pets) == load(pets).name == fit
    assert dataset_name(FOLDER, pack(pets, tmp_path / f"{name}.tar")) == fit
