import dataclasses
import re
import tomllib

import pytest

from reproduce.errors import ProtocolError
from reproduce.study import protocol as module
from reproduce.study.protocol import Protocol, load_protocol, parse_protocol
from tests.reproduce.cases import TINY, TINY_TOML

SETTINGS = [kind for kind in vars(module).values() if dataclasses.is_dataclass(kind)]


def test_reading_gives_the_same_as_building() -> None:
    assert parse_protocol(TINY_TOML) == TINY


def test_the_smoke_profile_has_every_optimizer_and_fresh_seeds() -> None:
    smoke = load_protocol("smoke")
    paper = {*(f"Opt{n}" for n in range(1, 11)), *(f"A{n}" for n in range(1, 6)), "PowerSign", "AddSign"}
    assert set(smoke.optimizers.catalog) == paper
    assert {"SGD", "Momentum", "Nesterov", "RMSprop", "Adagrad", "Adam", "AdamW", "Nadam", "Lion", "Muon"} == set(
        smoke.optimizers.keras
    )
    assert len(smoke.seeds.final) >= 3


@pytest.mark.parametrize("kind", SETTINGS, ids=lambda kind: kind.__name__)
def test_every_field_has_a_sentence(kind: type) -> None:
    for field in dataclasses.fields(kind):
        assert re.search(rf"^ +{field.name}: \S.*", kind.__doc__ or "", re.MULTILINE), field.name


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("epochs = 2", "", "missing key training.epochs"),
        ("epochs = 2", "epochs = 2\nepoch = 3", "unknown key training.epoch; expected: batch_size, epochs"),
        ("epochs = 2", 'epochs = "2"', "training.epochs must be an integer; received '2'"),
        ("epochs = 2", "epochs = 2.0", "training.epochs must be an integer"),
        ("epochs = 2", "epochs = true", "training.epochs must be an integer; received True"),
        ("epochs = 2", "epochs = 0", "training.epochs must be 1 or more; received 0"),
        ("dropout = 0.2", "dropout = nan", "model.dropout must be a finite number"),
        ("dropout = 0.2", "dropout = 1", r"model.dropout must be in \[0, 1\); received 1.0"),
        ("grid = [0.01, 0.1, 1]", "grid = 0.1", "rates.grid must be a list"),
        ("grid = [0.01, 0.1, 1]", 'grid = [0.1, "x"]', r"rates.grid\[1\] must be a number"),
        ("grid = [0.01, 0.1, 1]", "grid = [0.01, 0.02, 1]", "rates.grid must be evenly spaced"),
        ("grid = [0.01, 0.1, 1]", "grid = [1, 0.1]", "rates.grid must be ascending"),
        ("grid = [0.01, 0.1, 1]", "grid = [-1, 1]", "rates.grid must be positive"),
        ("final = [1, 2]", "final = [0, 2]", "seeds.final must be fresh seeds"),
        ("final = [1, 2]", "final = []", "seeds.final must be at least one"),
        ("tune = [0]", "tune = [0, 0]", "seeds.tune must be different"),
        ('"A1"]', '"SGD"]', "optimizers.keras must be each name once"),
        ('reference = "Adam"', 'reference = "Lion"', "optimizers.reference must be one of"),
        ("warmup_fraction = 0.2", "warmup_fraction = 1", "training.warmup_fraction must be in"),
        ("hold_fraction = 0.0", "hold_fraction = 0.9", "training.hold_fraction must be in"),
        ("[model]", "[models]", "unknown key models"),
        ("[digits]", "digits = 3\n[other]", "unknown key other"),
        ("[digits]", "[digits", "is not valid TOML"),
    ],
)
def test_each_mistake_names_its_key(old: str, new: str, message: str) -> None:
    assert old in TINY_TOML
    with pytest.raises(ProtocolError, match=message):
        parse_protocol(TINY_TOML.replace(old, new))


def test_a_section_must_be_a_table() -> None:
    text = TINY_TOML[: TINY_TOML.index("[digits]")] + "digits = 3\n" + TINY_TOML[TINY_TOML.index("[folder]") :]
    with pytest.raises(ProtocolError, match=r"digits must be a table \[digits\]; received 3"):
        parse_protocol(text)


def test_hash_follows_every_setting_but_the_description() -> None:
    hashes = {TINY.hash()}
    for section in ("digits", "folder", "model", "training", "rates", "seeds"):
        values = getattr(TINY, section)
        for field in dataclasses.fields(values):
            hashes.add(_changed(TINY, section, field.name).hash())
    assert len(hashes) == 1 + sum(
        len(dataclasses.fields(getattr(TINY, section)))
        for section in ("digits", "folder", "model", "training", "rates", "seeds")
    )
    assert dataclasses.replace(TINY, description="Other words.").hash() == TINY.hash()
    assert parse_protocol(TINY_TOML).hash() == TINY.hash() == "309e2fdfb5d55be6"


def _changed(protocol: Protocol, section: str, name: str) -> Protocol:
    values = getattr(protocol, section)
    value = getattr(values, name)
    new = (*value[:-1], value[-1] * 1.01 if isinstance(value[-1], float) else 77) if isinstance(value, tuple) else None
    if new is None:
        new = value + 1 if isinstance(value, int) else value + 0.01
    return dataclasses.replace(protocol, **{section: dataclasses.replace(values, **{name: new})})


def test_files_are_found_by_name_and_by_path(tmp_path) -> None:
    path = tmp_path / "tiny.toml"
    path.write_text(TINY_TOML)
    assert load_protocol(str(path)) == TINY
    path.rename(tmp_path / "other.toml")
    with pytest.raises(ProtocolError, match="profile must be the file's name, 'other'; received 'tiny'"):
        load_protocol(str(tmp_path / "other.toml"))
    with pytest.raises(ProtocolError, match="cannot read the protocol"):
        load_protocol(str(path))
    (tmp_path / "tiny.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ProtocolError, match="cannot read the protocol"):
        load_protocol(str(path))


@pytest.mark.parametrize("name", ["nothing", "../protocols/smoke", "", "."])
def test_unknown_profiles_list_the_known(name: str) -> None:
    with pytest.raises(ProtocolError, match=r"no profile .*; there are: .*smoke"):
        load_protocol(name)


def test_plain_data_is_what_the_file_says() -> None:
    plain = TINY.to_dict()
    plain["rates"]["grid"] = list(plain["rates"]["grid"])
    for key in ("tune", "final"):
        plain["seeds"][key] = list(plain["seeds"][key])
    for key in ("catalog", "keras"):
        plain["optimizers"][key] = list(plain["optimizers"][key])
    assert plain == tomllib.loads(TINY_TOML)
