import copy
import dataclasses
import json
import re
from pathlib import Path

import pytest

from paper_optimizers import OptimizerSpec
from reproduce.data.settings import DataSettings, ImageSettings, leaking_setting
from reproduce.errors import ProtocolError
from reproduce.plain_data import read_settings, to_plain
from reproduce.results_layout import STORED_RESULTS
from reproduce.stored_form import current_form
from reproduce.stored_settings import read_stored_settings, stored_settings
from reproduce.study import protocol as module
from reproduce.study.protocol import OptimizerSettings, StudyProtocol, load_protocol, parse_protocol, profiles, studies
from reproduce.tasks.optimizers import KERAS, OPTAX, roster, spec_of
from reproduce.training.settings import PretrainingSettings
from tests.settings import DIGITS, TEXT, TRAINING
from tests.study.cases import TINY, TINY_TOML

ROOT = Path(__file__).resolve().parents[2]
CIFAR = ImageSettings(source="cifar10", validation_fraction=0.25)
#: What other settings are changed to than by a word.
CHANGED = {"folder": DIGITS, "pretraining": PretrainingSettings(DIGITS, TRAINING, "Adam", 0.1, 0)}
SETTINGS = [kind for kind in vars(module).values() if dataclasses.is_dataclass(kind)]


def test_reading_gives_the_same_as_building() -> None:
    assert parse_protocol(TINY_TOML) == TINY


def test_the_smoke_profile_has_every_optimizer_and_fresh_seeds() -> None:
    smoke = load_protocol("smoke", "main")
    paper = {*(f"Opt{n}" for n in range(1, 11)), *(f"A{n}" for n in range(1, 6)), "PowerSign", "AddSign"}
    assert set(smoke.optimizers.catalog) == paper
    assert {*smoke.optimizers.keras, *smoke.optimizers.optax} == {*KERAS, *OPTAX}
    assert len(smoke.seeds.final) >= 20


@pytest.mark.parametrize("kind", SETTINGS, ids=lambda kind: kind.__name__)
def test_every_field_has_a_sentence(kind: type) -> None:
    for field in dataclasses.fields(kind):
        assert re.search(rf"^ +{field.name}: \S.*", kind.__doc__ or "", re.MULTILINE), field.name


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("epochs = 2", "", r"missing key tasks\[0\].training.epochs"),
        (
            "epochs = 2",
            "epochs = 2\nepoch = 3",
            r"unknown key tasks\[0\].training.epoch; did you mean epochs\? expected: batch_size, epochs",
        ),
        ("epochs = 2", 'epochs = "2"', r"tasks\[0\].training.epochs must be an integer; received '2'"),
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
        ('"Adam"]', '"Nadam"]\noptax = ["Nadam"]', r"optimizers.keras must be each name once; twice: Nadam"),
        ('"Adam"]', '"Adam"]\noptax = []', "optimizers.optax must be left out where there are none"),
        ("warmup_fraction = 0.2", "warmup_fraction = 1", "training.warmup_fraction must be in"),
        ("hold_fraction = 0.0", "hold_fraction = 0.9", "training.hold_fraction must be in"),
        (
            "epochs = 2",
            "epochs = 2\nstatistics_batches = 0",
            "training.statistics_batches must be 1 or more; received 0",
        ),
        (
            "epochs = 2",
            "epochs = 2\nrand_augment_per_image = 3",
            'rand_augment_per_image must be left out where augmentations have no "rand_augment"; received 3',
        ),
        ("epochs = 2", "epochs = 2\nrand_augment_magnitude = 1.5", "magnitude must be between 0 and 1; received 1.5"),
        ("[model]", "[models]", "unknown key models"),
        ("[rates]", "[rates", "is not valid TOML"),
        ('runner = "auto"', "", r"missing key tasks\[0\].runner"),
        (
            'runner = "auto"',
            'runner = "cloud"',
            r"tasks\[0\].runner must be one of auto, engine, keras; received 'cloud'",
        ),
        ("[[tasks]]", "[tasks]", "tasks must be a list"),
        ('name = "digits"', 'name = "two words"', r"tasks\[0\].name must be letters, digits"),
        ('name = "digits"', 'name = "digits"\n[[tasks]]\nname = "digits"', "tasks must be tasks of different names"),
        ('name = "digits"', 'name = "digits"\ndata.source = "other"', r"tasks\[0\].data.source must be one of digits"),
        ('name = "digits"', 'name = "digits"\n[folder]\nsize = 3', "unknown key folder.size"),
        ("[[tasks]]", "tasks = []\n[other]", "unknown key other"),
    ],
)
def test_each_mistake_names_its_key(old: str, new: str, message: str) -> None:
    assert old in TINY_TOML
    with pytest.raises(ProtocolError, match=message):
        parse_protocol(TINY_TOML.replace(old, new))


def test_a_task_takes_what_is_shared_unless_it_says_otherwise() -> None:
    own = 'name = "digits"\n[tasks.training]\nepochs = 9\n[[tasks]]\nname = "other"\nrunner = "keras"\n[tasks.data]\n'
    protocol = parse_protocol(TINY_TOML.replace('name = "digits"', own + "label_noise = 0.5"))
    first, second = protocol.tasks
    (tiny,) = TINY.tasks
    assert first == dataclasses.replace(tiny, training=dataclasses.replace(tiny.training, epochs=9))
    noisy = dataclasses.replace(tiny.data, label_noise=0.5)
    assert second == dataclasses.replace(tiny, name="other", runner="keras", data=noisy)
    assert protocol.task("other") is second


def test_the_data_of_a_study_can_be_replaced_where_it_says_how() -> None:
    with pytest.raises(ProtocolError, match=r"study main has no table \[folder\]"):
        TINY.on_folder("mine")
    folder = '[folder]\nsource = "folder"\nimage_size = 16\n[rates]'
    text = TINY_TOML.replace("test_fraction = 0.4\n", "").replace("[[tasks]]", "[[tasks]]\ndata.test_fraction = 0.4")
    protocol = parse_protocol(text.replace("[rates]", folder))
    replaced = protocol.on_folder("mine")
    assert (replaced.study, replaced.tasks[0].name) == ("main-mine", "mine")
    assert replaced.tasks[0].data == ImageSettings(source="folder", validation_fraction=0.25, image_size=16)
    assert replaced.hash() != protocol.hash()
    two = text.replace("[rates]", '[[tasks]]\nname = "second"\ndata.test_fraction = 0.4\n' + folder)
    with pytest.raises(ProtocolError, match="folder must be left out of a protocol of several tasks"):
        parse_protocol(two)


@pytest.mark.parametrize(
    ("pretraining", "refused"),
    [
        ("", None),
        ('source = "digits100"\ntrain_per_class = 5', None),
        ("test_fraction = 0.3", "test_fraction must be 0.4 as in data.*received 0.3"),
        ('source = "digits200"\nvalidation_fraction = 0.5', "validation_fraction must be 0.25 as in data"),
        ('source = "text"\nwindow = 8\ntest_fraction = 0.3\nvalidation_fraction = 0.5', None),
    ],
)
def test_weights_are_not_pretrained_on_what_they_are_tested_with(pretraining: str, refused: str | None) -> None:
    text = TINY_TOML.replace('start = "scratch"', 'start = "pretrained"').replace(
        "[rates]",
        f'[pretraining]\noptimizer = "Adam"\nrate = 0.1\nseed = 0\n[pretraining.data]\n{pretraining}\n[rates]',
    )
    if refused is None:
        assert parse_protocol(text).tasks[0].pretraining is not None
        return
    with pytest.raises(ProtocolError, match=rf"tasks\[0\].pretraining.data.{refused}"):
        parse_protocol(text)


@pytest.mark.parametrize(
    ("own", "changes", "name"),
    [
        (CIFAR, {"test_per_class": 5}, None),
        (CIFAR, {"train_per_class": 9}, "train_per_class"),
        (CIFAR, {"validation_fraction": 0.5}, "validation_fraction"),
        (CIFAR, {"source": "cifar100", "validation_fraction": 0.5}, None),
        (DIGITS, {"source": "digits100", "test_fraction": 0.5}, "test_fraction"),
        (TEXT, {"window": 9}, "window"),
        (TEXT, {}, None),
    ],
)
def test_what_parts_of_one_data_set_depend_on(own: DataSettings, changes: dict[str, object], name: str | None) -> None:
    assert leaking_setting(own, dataclasses.replace(own, **changes)) == name
    assert leaking_setting(own, next(each for each in (CIFAR, DIGITS, TEXT) if type(each) is not type(own))) is None


def test_hash_follows_every_setting_but_the_description_and_how_far_it_is_run_on() -> None:
    counted = [path for path in _leaves(to_plain(TINY)) if path not in (("description",), ("seeds", "run_on_to"))]
    hashes = {TINY.hash(), *(_hash_with(TINY, path) for path in counted)}
    assert len(hashes) == 1 + len(counted)
    assert _hash_with(TINY, ("seeds", "run_on_to")) == TINY.hash()
    assert dataclasses.replace(TINY, description="Other words.").hash() == TINY.hash()
    assert parse_protocol(TINY_TOML).hash() == TINY.hash()


def _leaves(value: object, path: tuple = ()):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, (*path, key))
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for number, inner in enumerate(value):
            yield from _leaves(inner, (*path, number))
    else:
        yield path


def _hash_with(protocol: StudyProtocol, path: tuple) -> str:
    """The hash with the setting at ``path`` changed; whether it makes sense does not matter."""
    changed = copy.deepcopy(protocol)
    *way, last = path
    holder = changed
    for step in way:
        holder = holder[step] if isinstance(step, int) else getattr(holder, step)
    object.__setattr__(holder, last, CHANGED.get(last, "changed"))
    return changed.hash()


def test_files_are_found_by_name_and_by_path(tmp_path) -> None:
    path = tmp_path / "main.toml"
    path.write_text(TINY_TOML)
    assert load_protocol(str(path)) == TINY
    path.rename(tmp_path / "other.toml")
    with pytest.raises(ProtocolError, match="study must be 'other', as the path says; received 'main'"):
        load_protocol(str(tmp_path / "other.toml"))
    with pytest.raises(ProtocolError, match="cannot read the protocol"):
        load_protocol(str(path))
    (tmp_path / "main.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ProtocolError, match="cannot read the protocol"):
        load_protocol(str(path))


def test_a_list_of_transformations_counts_and_its_absence_does_not() -> None:
    text = TINY_TOML.replace('"Adam"]', '"Adam"]\noptax = ["Nadam", "Adan+LR1"]')
    protocol = parse_protocol(text)
    assert protocol.optimizers.names == ("Opt1", "A1", "SGD", "Adam", "Nadam", "Adan+LR1")
    assert [each.kind for each in roster(*protocol.optimizers.lists)] == [
        *["catalog"] * 2,
        *["keras"] * 2,
        "optax",
        "optax",
    ]
    assert "optax" not in TINY.to_dict()["optimizers"]
    assert protocol.to_dict()["optimizers"]["optax"] == ["Nadam", "Adan+LR1"]
    assert protocol.hash() != TINY.hash()
    assert dataclasses.replace(protocol, optimizers=TINY.optimizers).hash() == TINY.hash()


FOUND = "Nest ~ tanh([a1][arcsinh(g)])"


def test_specs_are_written_out_in_a_protocol_and_count() -> None:
    text = f'{TINY_TOML}\n[optimizers.specs]\nFound = "{FOUND}"\n'
    protocol = parse_protocol(text)
    assert protocol.optimizers.names == ("Opt1", "A1", "SGD", "Adam", "Found")
    found = protocol.optimizers.entrants[-1]
    assert (found.kind, spec_of(found)) == ("spec", OptimizerSpec.from_text(FOUND))
    assert found.fingerprint == OptimizerSpec.from_text(FOUND).fingerprint()
    assert "specs" not in TINY.to_dict()["optimizers"]
    assert protocol.hash() != TINY.hash() != parse_protocol(text.replace("tanh", "sig")).hash() != protocol.hash()


@pytest.mark.parametrize(
    ("specs", "message"),
    [
        ({}, "optimizers: specs must be left out where there are none"),
        *(
            ({name: FOUND}, "expected at most 40 letters, digits and any of _ . # -, the first a letter, and another")
            for name in ("", "Found+LR1", "Found-nodecay", "a|b", "a, b", "../x", "best evolved", "1st", "x" * 41)
        ),
        ({"Found": "Nest ~ tanh("}, r"optimizers.specs.Found: text\[12\]: "),
    ],
)
def test_specs_that_are_none_are_refused_by_name(specs: dict[str, str], message: str) -> None:
    settings = {**TINY.to_dict()["optimizers"], "specs": specs}
    with pytest.raises(ProtocolError, match=message):
        _ = read_settings(OptimizerSettings, settings, "optimizers").entrants


def test_the_tutorial_s_lines_put_a_find_into_a_study() -> None:
    text = (ROOT / "docs" / "tutorials" / "search.md").read_text("utf-8")
    (lines,) = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    found = parse_protocol(f"{TINY_TOML}\n{lines}").optimizers.entrants[-1]
    assert (found.name, spec_of(found)) == ("Found", OptimizerSpec.from_text(FOUND))


@pytest.mark.parametrize("name", ["Opt9", "ScheduleFreeAdamW", "Nadam"])
def test_a_spec_s_name_is_free_when_a_study_begins_and_stays_readable_when_it_is_not(name: str) -> None:
    with pytest.raises(ProtocolError, match=rf"optimizers.specs.{name}: an optimizer of this name is here already"):
        parse_protocol(f'{TINY_TOML}\n[optimizers.specs]\n{name} = "{FOUND}"\n')
    optimizers = dataclasses.replace(TINY.optimizers, specs={name: FOUND})
    stored = current_form(dataclasses.replace(TINY, optimizers=optimizers).to_dict())
    assert read_settings(StudyProtocol, stored, "stored").optimizers.entrants[-1].text == FOUND


@pytest.mark.parametrize("name", ["nothing", "../protocols/smoke", "", "."])
def test_unknown_profiles_list_the_known(name: str) -> None:
    with pytest.raises(ProtocolError, match=r"no profile .*; there are: .*smoke"):
        load_protocol(name)


@pytest.mark.parametrize("name", ["nothing", "../smoke/main", ""])
def test_unknown_studies_list_the_known(name: str) -> None:
    with pytest.raises(ProtocolError, match=r"profile smoke has no study .*; there are: .*main"):
        load_protocol("smoke", name)


@pytest.mark.parametrize(
    ("profile", "study"), [(profile, study) for profile in profiles() for study in studies(profile)]
)
def test_every_protocol_of_the_project_can_be_run(profile: str, study: str) -> None:
    protocol = load_protocol(profile, study)
    entrants = roster(*protocol.optimizers.lists)
    assert {task.trainer(entrant) for task in protocol.tasks for entrant in entrants} <= {"engine", "keras"}
    assert len(protocol.description) > 20


def test_the_stored_form_says_everything_and_is_read_back() -> None:
    stored = json.loads(json.dumps(TINY.to_dict()))
    assert stored["tasks"][0] == {
        "name": "digits",
        "runner": "auto",
        "data": {
            **{"source": "digits", "image_size": 0, "train_per_class": 0, "test_per_class": 0},
            **{"validation_fraction": 0.25, "test_fraction": 0.4, "leave_out": [], "window": 0},
            **{"label_noise": 0.0, "imbalance": 1.0},
        },
        "model": {
            **{"kind": "surrogate", "width": 2, "depth": 3, "heads": 0, "patch_size": 0, "dropout": 0.2},
            **{"batch_norm_momentum": 0.9, "pixels": "unit", "start": "scratch", "weights_file": ""},
        },
        "training": {
            **{"batch_size": 128, "epochs": 2, "steps_per_epoch": 0, "warmup_fraction": 0.2, "hold_fraction": 0.0},
            **{"gradient_noise": 0.0, "augmentations": [], "accumulation": 1, "precision": "float32"},
            "frozen": "nothing",
        },
    }
    assert read_settings(StudyProtocol, current_form(stored), "here") == TINY
    # The SHA-256 of all of it as JSON, with sorted keys, without spaces and without the description.
    assert TINY.hash() == "a591e15fd104b928"


@pytest.mark.parametrize(
    ("name", "before", "other"),
    [
        ("rand_augment_magnitude", 0.3, 0.5),
        ("rand_augment_per_image", 2, 3),
        ("statistics_batches", 50, 20),
    ],
)
def test_what_was_a_number_in_the_code_counts_where_it_is_another(name: str, before: float, other: float) -> None:
    def having(lines: str) -> StudyProtocol:
        text = TINY_TOML.replace("augmentations = []", f'augmentations = ["rand_augment"]\n{lines}')
        return parse_protocol(text)

    plain, same, changed = having(""), having(f"{name} = {before}"), having(f"{name} = {other}")
    assert plain.hash() == same.hash() != changed.hash()
    assert plain.to_dict() == same.to_dict()
    assert name not in plain.to_dict()["tasks"][0]["training"]
    for protocol in (plain, changed):
        assert read_settings(StudyProtocol, current_form(protocol.to_dict()), "here") == protocol
    assert getattr(changed.tasks[0].training, name) == other


KEPT = [path for path in sorted(STORED_RESULTS.glob("*/*/protocol.json")) if "study" in stored_settings(path)]


@pytest.mark.parametrize("path", KEPT, ids=lambda path: "-".join(path.parts[-3:-1]))
def test_kept_rows_stay_under_the_hash_of_their_protocol(path: Path) -> None:
    document, stored = json.loads(path.read_text(encoding="utf-8")), read_stored_settings(path, StudyProtocol)
    assert stored.hash() == document["hash"] == load_protocol(stored.profile, stored.study).hash()
