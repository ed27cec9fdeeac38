import dataclasses
import os
import stat
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from reproduce.data import image_files, load_dataset, tree_files, trees
from reproduce.data.archives import Archive, members
from reproduce.data.folders import Folder
from reproduce.data.tree_files import TreeFiles
from reproduce.errors import DataError
from tests.data.cases import FOLDER, encoded, make_pets, pack, tar_of

MODES = {"pets.tar": "", "pets.tar.gz": "gz", "pets.tar.bz2": "bz2", "pets.tar.xz": "xz", "pets.zip": ""}


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    return make_pets(tmp_path / "pets")


@pytest.mark.parametrize("held", [0, 3000, 2**20])
@pytest.mark.parametrize("name", MODES)
def test_an_archive_is_its_folder(pets: Path, name: str, held: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree_files, "MAX_HELD", held)
    archive = pack(pets, pets.parent / name, MODES[name])
    packed, unpacked = load_dataset(FOLDER, archive), load_dataset(FOLDER, pets)
    assert packed.checksum() == unpacked.checksum()
    assert packed.name == "pets"
    files = TreeFiles(Archive(archive)), TreeFiles(Folder(pets))
    sums = {image_files.content_checksum(each, each.listing(), check_images=True) for each in files}
    assert len(sums) == 1


def test_a_packed_data_set_of_the_catalog_is_found_by_its_name(pets: Path) -> None:
    data_dir = pets.parent / "found"
    data_dir.mkdir()
    pack(pets, data_dir / "cifar100.tar.xz", "xz")
    found = load_dataset(dataclasses.replace(FOLDER, source="cifar100"), data_dir)
    assert found.name == "cifar100"


@pytest.mark.parametrize("name", MODES)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
def test_a_truncated_archive_is_named_and_leaves_nothing(pets: Path, name: str, share: float) -> None:
    archive = pack(pets, pets.parent / name, MODES[name])
    content = archive.read_bytes()
    archive.write_bytes(content[: int(len(content) * share)])
    before = sorted(pets.parent.rglob("*"))
    with pytest.raises(DataError, match=f"{name} is damaged or cut short"):
        load_dataset(FOLDER, archive, pets.parent / "cache")
    assert sorted(pets.parent.rglob("*")) == before


def test_a_plain_tar_cut_between_two_files_is_noticed(tmp_path: Path) -> None:
    archive = tar_of(tmp_path / "pets.tar", {"train/cat/1.png": b"x" * 512})
    archive.write_bytes(archive.read_bytes()[:1024])
    with pytest.raises(DataError, match=r"cut short .*end mark is missing"):
        list(members(archive))


def test_damage_in_the_middle_is_named(pets: Path) -> None:
    archive = pack(pets, pets.parent / "pets.tar.xz", "xz")
    content = bytearray(archive.read_bytes())
    content[len(content) // 2] ^= 255
    archive.write_bytes(content)
    with pytest.raises(DataError, match="damaged or cut short"):
        load_dataset(FOLDER, archive)


@pytest.mark.parametrize("name", MODES)
def test_any_damage_is_named_or_harmless(pets: Path, name: str) -> None:
    archive = pack(pets, pets.parent / name, MODES[name])
    content, random = archive.read_bytes(), np.random.default_rng(0)
    refused = 0
    for _ in range(40):
        damaged = bytearray(content)
        for place in random.integers(0, len(content), 8):
            damaged[place] = random.integers(256)
        archive.write_bytes(damaged)
        try:
            load_dataset(FOLDER, archive)
        except DataError:
            refused += 1
    assert refused > 20


def test_a_zip_packed_in_an_unknown_way_is_named(pets: Path) -> None:
    archive = pack(pets, pets.parent / "pets.zip")
    content = bytearray(archive.read_bytes())
    content[content.index(b"PK\x01\x02") + 10] = 99
    archive.write_bytes(content)
    with pytest.raises(DataError, match="damaged or cut short"):
        load_dataset(FOLDER, archive)


def test_what_is_no_archive_is_named(tmp_path: Path) -> None:
    path = tmp_path / "pets.tar.xz"
    path.write_text("no archive")
    with pytest.raises(DataError, match="damaged or cut short"):
        load_dataset(FOLDER, path)
    other = tmp_path / "pets.rar"
    other.write_text("")
    with pytest.raises(DataError, match="neither a folder nor an archive"):
        load_dataset(FOLDER, other)


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../outside.png", "train/../../outside.png", "train\\cat\\1.png", "C:/windows/1.png"]
)
@pytest.mark.parametrize("kind", ["tar", "zip"])
def test_paths_outside_the_archive_are_refused(tmp_path: Path, name: str, kind: str) -> None:
    path = tmp_path / f"evil.{kind}"
    if kind == "tar":
        tar_of(path, {name: b"x"})
    else:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(name, b"x")
    with pytest.raises(DataError, match=r"evil.* a path outside its own folder"):
        TreeFiles(Archive(path)).listing()
    assert os.listdir(tmp_path) == [path.name]  # noqa: PTH208


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_are_refused(tmp_path: Path, kind: bytes) -> None:
    info = tarfile.TarInfo("train/cat/1.png")
    info.type, info.linkname = kind, "/etc/passwd"
    with pytest.raises(DataError, match=r"the link or device train/cat/1.png"):
        list(members(tar_of(tmp_path / "evil.tar", {}, info)))


def test_links_and_encrypted_files_in_a_zip_are_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("train/cat/1.png")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "link.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(DataError, match="the link or device"):
        list(members(tmp_path / "link.zip"))
    with zipfile.ZipFile(tmp_path / "locked.zip", "w") as archive:
        archive.writestr("train/cat/1.png", b"x")
    content = bytearray((tmp_path / "locked.zip").read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "locked.zip").write_bytes(content)
    with pytest.raises(DataError, match="is encrypted"):
        list(members(tmp_path / "locked.zip"))


def test_a_huge_member_is_refused_before_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trees, "MAX_BYTES", 1000)
    list(members(tar_of(tmp_path / "fits.tar", {"train/cat/1.png": bytes(1000)})))
    with pytest.raises(DataError, match="is of 1001 bytes; no image has more than 1000"):
        list(members(tar_of(tmp_path / "huge.tar", {"train/cat/1.png": bytes(1001)})))


def test_a_file_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "twice.tar"
    with tarfile.open(path, "w") as archive:
        for _ in range(2):
            archive.addfile(tarfile.TarInfo("train/cat/1.png"))
    with pytest.raises(DataError, match=r"holds train/cat/1\.png twice"):
        list(members(path))


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        ({"readme.png": b""}, "has no class folders in train and test"),
        ({"a/train/cat/1.png": b"", "b/test/cat/1.png": b""}, r"several data sets \(a, b\)"),
        ({"train/cat/1.png": b"", "train/cat/note.txt": b""}, "no class folders in test"),
        ({"train/cat/1.png": b"", "test/dog/1.png": b""}, "class 'cat' is only in train"),
        ({"train/cat/1.png": b"", "train/dog/2.png": b"", "test/cat/1.png": b""}, "class 'dog' is only in train"),
    ],
)
def test_what_an_archive_lacks_is_named(tmp_path: Path, contents: dict[str, bytes], message: str) -> None:
    with pytest.raises(DataError, match=message):
        load_dataset(FOLDER, tar_of(tmp_path / "odd.tar", contents))


def test_an_empty_class_folder_in_an_archive_is_named(tmp_path: Path) -> None:
    pets = make_pets(tmp_path / "pets")
    for part in ("train", "test"):
        (pets / part / "eel").mkdir()
    with pytest.raises(DataError, match="train/eel has no images"):
        load_dataset(FOLDER, pack(pets, tmp_path / "pets.tar"))


def test_a_corrupt_image_in_an_archive_is_named(tmp_path: Path) -> None:
    contents = {
        f"pets/{part}/{name}/{number}.png": encoded(number, kind="png")
        for part in ("train", "test")
        for name in ("cat", "dog")
        for number in range(2)
    }
    contents["pets/test/dog/1.png"] = contents["pets/test/dog/1.png"][:50]
    with pytest.raises(DataError, match=r"cannot read the image .*pets.tar: test/dog/1.png"):
        load_dataset(FOLDER, tar_of(tmp_path / "pets.tar", contents), tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


def test_a_decoded_archive_is_kept_and_used(pets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive, cache = pack(pets, tmp_path / "pets.tar.gz", "gz"), tmp_path / "cache"
    first = load_dataset(FOLDER, archive, cache)
    (kept,) = cache.iterdir()
    monkeypatch.setattr("reproduce.data.sources.make_dataset", lambda *_: pytest.fail("decoded again"))
    again = load_dataset(FOLDER, archive, cache)
    assert again.checksum() == first.checksum()
    assert (again.name, again.classes) == (first.name, first.classes)
    noisy = load_dataset(dataclasses.replace(FOLDER, label_noise=0.5), archive, cache)
    assert noisy.checksum() != first.checksum()
    monkeypatch.undo()
    kept.write_bytes(kept.read_bytes()[:100])
    assert load_dataset(FOLDER, archive, cache).checksum() == first.checksum()
    load_dataset(dataclasses.replace(FOLDER, image_size=16), archive, cache)
    assert len(list(cache.iterdir())) == 2
    assert load_dataset(FOLDER, pets, tmp_path / "other").checksum() == first.checksum()
    assert not (tmp_path / "other").exists()


def test_a_changed_archive_is_decoded_anew(pets: Path, tmp_path: Path) -> None:
    archive, cache = tmp_path / "pets.tar", tmp_path / "cache"
    first = load_dataset(FOLDER, pack(pets, archive), cache)
    (pets / "test" / "cat" / "0.jpg").write_bytes(encoded(999))
    assert load_dataset(FOLDER, pack(pets, archive), cache).checksum() != first.checksum()
    assert len(list(cache.iterdir())) == 2


def test_a_cache_that_cannot_be_written_is_named(pets: Path, tmp_path: Path) -> None:
    archive = pack(pets, tmp_path / "pets.tar")
    (tmp_path / "cache").write_text("in the way")
    with pytest.raises(DataError, match="cannot write the cache"):
        load_dataset(FOLDER, archive, tmp_path / "cache")
