"""Protocol files: those of the project are found by name, a user's own by path; and what the hash of settings sees."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from reproduce import protocols
from reproduce.errors import ProtocolError
from reproduce.protocols import find_protocol, load_settings, plain_settings, protocol_files, settings_hash


@dataclass(frozen=True)
class Inner:
    depth: int
    extra: str | None = None


@dataclass(frozen=True)
class Outer:
    profile: str
    inner: tuple[Inner, ...]
    more: Inner | None = None


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for place in ("first/large/job", "first/small/job", "second/small/job", "second/small/other"):
        path = tmp_path / f"{place}.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'profile = "{path.parent.name}"\ninner = [{{ depth = 3 }}]\n')
    monkeypatch.setattr(protocols, "_FOLDERS", (tmp_path / "first", tmp_path / "second"))
    return tmp_path


def test_the_checkout_goes_before_an_installed_copy(folders: Path) -> None:
    found = [path.relative_to(folders).as_posix() for path in protocol_files()]
    assert found == ["first/large/job.toml", "first/small/job.toml", "second/small/other.toml"]
    assert find_protocol("small", "job") == folders / "first" / "small" / "job.toml"
    assert find_protocol("small", "other") == folders / "second" / "small" / "other.toml"


@pytest.mark.parametrize(("profile", "name"), [("large", "other"), ("..", "job"), ("", "small/job"), ("small", "*")])
def test_names_are_no_paths_and_no_patterns(folders: Path, profile: str, name: str) -> None:
    assert find_protocol(profile, name) is None


def test_settings_are_read_by_name_and_by_path(folders: Path) -> None:
    assert load_settings(Outer, "job", "small") == Outer("small", (Inner(3, None),), None)
    own = folders / "mine.toml"
    own.write_text('profile = "mine"\ninner = []\nmore = { depth = 1, extra = "x" }\n')
    assert load_settings(Outer, "job", str(own)) == Outer("mine", (), Inner(1, "x"))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'profile = "other"\ninner = []\n', r"own\.toml: profile must be 'own', as the path says; received 'other'"),
        (b'profile = "own"\n', r"own\.toml: missing key inner"),
        (b"profile =", r"own\.toml is not valid TOML"),
        (b"\xff\xfe", r"cannot read the protocol .*own\.toml"),
    ],
)
def test_what_is_wrong_with_a_file_is_named(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "own.toml"
    path.write_bytes(content)
    with pytest.raises(ProtocolError, match=said):
        load_settings(Outer, "job", str(path))


def test_what_is_not_there_is_answered_with_what_is(folders: Path) -> None:
    with pytest.raises(ProtocolError, match=r"no profile 'huge' with job\.toml; there are: large, small \(or give"):
        load_settings(Outer, "job", "huge")
    with pytest.raises(ProtocolError, match=r"no profile 'small' with nothing\.toml; there are: none"):
        load_settings(Outer, "nothing", "small")
    with pytest.raises(ProtocolError, match="cannot read the protocol"):
        load_settings(Outer, "job", str(folders / "nowhere.toml"))


def test_a_setting_that_is_left_out_changes_no_hash() -> None:
    plain = plain_settings(Outer("p", (Inner(1, None), Inner(2, "x")), None))
    assert plain == {"profile": "p", "inner": [{"depth": 1}, {"depth": 2, "extra": "x"}]}
    # By hand: printf '{"a":[1,2.5],"b":{"c":"d"}}' | sha256sum
    assert settings_hash({"b": {"c": "d"}, "a": [1, 2.5]}) == "75c0b24e3f4626f3"
