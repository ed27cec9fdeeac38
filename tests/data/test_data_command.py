import shutil
from pathlib import Path

import pytest

from reproduce.cli import main
from tests.data.cases import make_pets, pack
from tests.data.published import PUBLISHED, as_folder, as_zip


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one data set of the catalog, one archive of another, and one that is damaged."""
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "usual"))
    monkeypatch.setenv("COLUMNS", "80")
    folder = tmp_path / "data"
    make_pets(folder / "caltech101")
    pack(make_pets(tmp_path / "flowers102"), folder / "flowers102.tar.xz", "xz")
    return folder


def rows(text: str) -> dict[str, list[str]]:
    """The lines of a table by their first word."""
    return {words[0]: words[1:] for line in text.splitlines() if (words := line.split())}


def test_list_says_what_there_is_and_how_to_get_the_rest(data_dir: Path, capsys: pytest.CaptureFixture) -> None:
    assert main(["data", "list", "--data-dir", str(data_dir)]) == 0
    output = capsys.readouterr().out
    table = rows(output.partition("caltech101: ")[0].partition("cifar10 is missing")[0])
    assert table["digits"][:3] == ["10", "1,078", "719"]
    assert table["flowers102"] == ["2", "16", "6", "unknown"]
    assert table["caltech101"][:3] == ["2", "16", "6"]
    assert table["cars196"] == ["missing", "unknown"]
    assert "cifar10 is missing: run python -m reproduce data prepare cifar10" in output
    assert f"flowers102: {data_dir}/flowers102.tar.xz (not the published split, which has 2,040 and" in output
    assert max(len(line) for line in output.splitlines()[:12]) <= 80


def test_list_names_what_is_damaged(data_dir: Path, capsys: pytest.CaptureFixture) -> None:
    archive = data_dir / "flowers102.tar.xz"
    archive.write_bytes(archive.read_bytes()[:-50])
    assert main(["data", "list", "--data-dir", str(data_dir)]) == 2
    output = capsys.readouterr().out
    assert rows(output.partition("cifar10 is")[0])["flowers102"] == ["damaged"]
    assert "flowers102.tar.xz is damaged or cut short" in output


def test_verify_prints_the_same_checksum_for_a_folder_and_its_archive(
    data_dir: Path, capsys: pytest.CaptureFixture
) -> None:
    names = ["caltech101", "flowers102", "digits", "text"]
    assert main(["data", "verify", *names, "--data-dir", str(data_dir)]) == 0
    lines = dict(line.split(": ", 1) for line in capsys.readouterr().out.splitlines())
    sums = {name: line.partition("SHA-256 ")[2][:64] for name, line in lines.items()}
    assert sums["caltech101"] == sums["flowers102"]
    assert len(set(sums.values())) == 3
    assert all(len(each) == 64 for each in sums.values())
    assert lines["caltech101"].startswith("2 classes, 16 + 6 samples")


def test_verify_goes_on_after_a_corrupt_image(data_dir: Path, capsys: pytest.CaptureFixture) -> None:
    image = data_dir / "caltech101" / "train" / "cat" / "1.png"
    image.write_bytes(image.read_bytes()[:40])
    assert main(["data", "verify", "--data-dir", str(data_dir)]) == 2
    output = capsys.readouterr().out
    assert "caltech101: cannot read the image" in output
    assert "flowers102: 2 classes" in output
    assert main(["data", "verify", "flowers102", "--data-dir", str(data_dir)]) == 0
    assert main(["data", "verify", "cars196", "--data-dir", str(data_dir)]) == 2


def test_verify_ends_with_what_is_missing_unless_others_are_named(
    data_dir: Path, capsys: pytest.CaptureFixture
) -> None:
    assert main(["data", "verify", "--data-dir", str(data_dir)]) == 2
    output = capsys.readouterr().out.splitlines()
    assert output[-1].startswith(
        "Missing: cifar10, cifar100, tiny_imagenet, cars196. To verify others alone, name them"
    )
    assert not any(line.startswith("Not as they should be") for line in output)
    assert main(["data", "verify", "caltech101", "text", "--data-dir", str(data_dir)]) == 0
    assert "Missing" not in capsys.readouterr().out


def test_list_names_what_no_experiment_could_use(data_dir: Path, capsys: pytest.CaptureFixture) -> None:
    shutil.rmtree(data_dir / "caltech101" / "test" / "cat")
    assert main(["data", "list", "--data-dir", str(data_dir)]) == 2
    output = capsys.readouterr().out
    assert rows(output.partition("cifar10 is")[0])["caltech101"][:3] == ["2", "16", "3"]
    assert "caltech101 cannot be used as it is: " in output
    assert "class 'cat' is only in train: add it to the other part" in output
    assert main(["data", "prepare", "caltech101", "--data-dir", str(data_dir)]) == 2
    assert "is there and cannot be used as it is" in capsys.readouterr().err


def test_images_beside_the_parts_are_told(data_dir: Path, capsys: pytest.CaptureFixture) -> None:
    shutil.copytree(data_dir / "caltech101" / "test", data_dir / "caltech101" / "val")
    for action in (["list"], ["verify", "caltech101"]):
        main(["data", *action, "--data-dir", str(data_dir)])
        assert "; beside it, not read: 6 images in val" in capsys.readouterr().out


def test_a_published_layout_is_listed_and_verified(data_dir: Path, capsys: pytest.CaptureFixture) -> None:
    root, make = PUBLISHED["tiny_imagenet"]
    as_zip(make()[0], data_dir / f"{root}.zip", root)
    assert main(["data", "list", "--data-dir", str(data_dir)]) == 0
    listed = rows(capsys.readouterr().out.partition("cifar10 is")[0])
    assert listed["tiny_imagenet"][:3] == ["2", "8", "4"]
    assert main(["data", "verify", "tiny_imagenet", "--data-dir", str(data_dir)]) == 0
    assert "tiny_imagenet: 2 classes, 8 + 4 samples" in capsys.readouterr().out


def test_published_folders_are_listed_and_verified_and_damage_in_each_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "usual"))
    folders = {name: as_folder(make()[0], tmp_path / "data" / root) for name, (root, make) in PUBLISHED.items()}
    assert main(["data", "list", "--data-dir", str(tmp_path / "data")]) == 0
    listed = rows(capsys.readouterr().out.partition("cifar10: ")[0])
    assert {listed[name][0] for name in PUBLISHED} == {"2"}
    verify = ["data", "verify", *PUBLISHED, "--data-dir", str(tmp_path / "data")]
    assert main(verify) == 0
    assert capsys.readouterr().out.count(": 2 classes, ") == len(PUBLISHED)
    for folder in folders.values():
        image = max(path for path in folder.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg", ".bin"))
        image.write_bytes(image.read_bytes()[:40])
    assert main(verify) == 2
    assert f"Not as they should be: {', '.join(PUBLISHED)}." in " ".join(capsys.readouterr().out.split())


def test_prepare_leaves_what_is_there(data_dir: Path, capsys: pytest.CaptureFixture) -> None:
    assert main(["data", "prepare", "digits", "caltech101", "--data-dir", str(data_dir)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "digits is ready: built in",
        f"caltech101 is ready: {data_dir / 'caltech101'}",
    ]


def test_a_name_that_is_not_known_and_a_folder_that_is_not_there(data_dir: Path, capsys: pytest.CaptureFixture) -> None:
    assert main(["data", "prepare", "mnist"]) == 2
    assert "no data set 'mnist'; there are: digits," in capsys.readouterr().err
    for action in (["list"], ["verify"], ["prepare", "cifar10"]):
        assert main(["data", *action, "--data-dir", str(data_dir / "nowhere")]) == 2
        said = capsys.readouterr()
        assert "nowhere to look for data sets in" in said.err
        assert (said.out, said.err.count("\n")) == ("", 1)
