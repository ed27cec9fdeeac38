"""The protocols of searches and eliminations: all profiles, the published sizes, errors that name the key."""

import dataclasses
import json
import re
from pathlib import Path

import pytest

from reproduce.elimination.protocol import load_elimination_protocol
from reproduce.errors import ProtocolError
from reproduce.models.settings import VisionTransformerSettings
from reproduce.protocols import settings_hash
from reproduce.search import protocol as module
from reproduce.search import protocol as protocol_module
from reproduce.search.plan import comparison_plans, search_plan
from reproduce.search.probabilities import PUBLISHED, MutationProbabilities, Probabilities
from reproduce.search.protocol import load_search_protocol, stored_search_protocol
from reproduce.search.published_space import Primitive
from reproduce.search.spaces import FULL, SPACES
from reproduce.search.surrogate_settings import AugmentationSettings
from reproduce.stored_settings import write_stored_settings
from tests.search.surrogates import changed

PROTOCOLS = Path(__file__).resolve().parents[2] / "artifact" / "protocols"
RESULTS = PROTOCOLS.parent / "results"
PROFILES = ("smoke", "small", "gpu", "paper")
ALGORITHMS = {"paper", "elitist", "random", "aging"}
#: What a profile compares where it is less than all: small has five seeds of three algorithms, and one space.
COMPARED = {"small": ({"paper", "random", "aging"}, {"full"})}
LOADERS = {"search": load_search_protocol, "elimination": load_elimination_protocol}


@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile_has_a_search_and_an_elimination(profile):
    protocol, elimination = load_search_protocol(profile), load_elimination_protocol(profile)
    assert protocol.space == "full"
    assert set(protocol.rescoring.baselines) >= {"Adam", "AdamW", "Nesterov"}
    algorithms, spaces = protocol.comparison.algorithms, protocol.comparison.spaces
    assert (set(algorithms), set(spaces)) == COMPARED.get(profile, (ALGORITHMS, {"full", "no-decay", "bello2017"}))
    assert not {*protocol.rescoring.seeds} & {each for round_ in elimination.rounds for each in round_.seeds}
    widths = [
        round_.surrogate.tasks[0].model.width for round_ in elimination.rounds if round_.surrogate.trainer == "engine"
    ]
    assert widths == sorted(set(widths))
    assert widths[0] > protocol.evolution.tasks[0].model.width


def test_the_paper_profile_has_the_published_sizes():
    protocol = load_search_protocol("paper")
    sizes = protocol.sizes
    assert (sizes.initial, sizes.particles, sizes.steps, sizes.children, sizes.redraws) == (500, 50, 5, 7, 4)
    for stage, base, steps, warmup in ((protocol.initial, 32, 200, 800), (protocol.evolution, 48, 400, 800)):
        (task,) = stage.tasks
        training, rates = task.training, task.rates
        sizes = (task.model.width, training.batch_size, training.steps_per_epoch, training.epochs)
        assert sizes == (base, 128, steps, 40)
        assert training.warmup_fraction * steps * training.epochs == warmup
        assert rates.screening_epochs * steps == 800
        assert rates.first_rates == (10.0, 1e-2, 1e-5)
        assert rates.second_rates == (1.0, 0.1, 1e-3, 1e-4)
        assert (rates.first_threshold, rates.second_threshold, rates.patience) == (0.25, 0.40, 3)
    initial, evolution = protocol.initial.tasks[0], protocol.evolution.tasks[0]
    assert (initial.augmentation, initial.model.pixels) == (None, "unit")
    assert (evolution.augmentation, evolution.model.pixels) == (AugmentationSettings(4, 8), "standardised")
    (last,) = load_elimination_protocol("paper").rounds[-1].surrogate.tasks
    assert (last.model.network, last.model.width, last.model.depth) == ("efficientnetv2", 24, 15)


def test_hashes_cover_what_can_change_a_number_and_nothing_else(tmp_path):
    text = (PROTOCOLS / "smoke" / "search.toml").read_text().replace('"smoke"', '"own"')
    path = tmp_path / "own.toml"

    def hashes(changed: str) -> tuple[str, str, str]:
        path.write_text(changed)
        protocol = load_search_protocol(str(path))
        return protocol.search_hash(), protocol.scoring_hash(), protocol.comparison_hash()

    before = hashes(text)
    assert hashes(re.sub('description = ".*"', 'description = "another"', text)) == before
    assert hashes(text.replace("top = 5", "top = 6")) == before
    searched = hashes(text.replace("children = 4", "children = 5"))
    assert [one != other for one, other in zip(searched, before, strict=True)] == [True, False, True]
    scored = hashes(text.replace("width = 6", "width = 7"))
    assert all(one != other for one, other in zip(scored, before, strict=True))
    for old, new in (
        ("operand = 0.8", "operand = 0.81"),
        ("swap = 0.2", "swap = 0.21"),
        ("slot = 1000", "slot = 999"),
        ("change = 100", "change = 99"),
        ("threshold = 3.5", "threshold = 3.4"),
        ("steps = 35", "steps = 36"),
        ("start = [1.1,", "start = [1.2,"),
    ):
        assert old in text
        drawn = hashes(text.replace(old, new))
        assert [one != other for one, other in zip(drawn, before, strict=True)] == [True, False, True], new
    budget = hashes(text.replace("epochs = 1200", "epochs = 1201"))
    assert [one != other for one, other in zip(budget, before, strict=True)] == [False, False, True]


#: Hashes from before probabilities and the integrity check were settings: of the search and of the comparison. The
#: search of profile small is another one by now; its first ledger keeps its own settings.
EARLIER = {
    "smoke": ("b1cca45a8523ad45", "ad03b2bc10411add"),
    "gpu": ("0b533e188cd4377d", "cedc372f8b3a8e1a"),
    "paper": ("a417795f0c315218", "84ffd697718f2016"),
}


def with_bias(profile):
    """A profile's protocol, with the bias before batch normalisation that the first surrogates had."""
    protocol = load_search_protocol(profile)
    biased = {name: changed(getattr(protocol, name), model={"conv_bias": True}) for name in ("initial", "evolution")}
    return dataclasses.replace(protocol, **biased)


@pytest.mark.parametrize("profile", EARLIER)
def test_ledgers_from_before_these_numbers_were_settings_go_on_under_their_hashes(profile):
    protocol = with_bias(profile)
    assert (protocol.search_hash(), protocol.comparison_hash()) == EARLIER[profile]
    published = dataclasses.replace(protocol, probabilities=PUBLISHED)
    settings = {name: protocol.to_dict()[name] for name in ("sizes", "initial", "evolution")}
    assert published.search_hash() == settings_hash({**settings, "probabilities": "published"})


def kept_settings():
    return sorted(path for path in RESULTS.glob("*/*/protocol.json") if '"comparison"' in path.read_text())


@pytest.mark.parametrize("path", kept_settings(), ids=lambda path: f"{path.parents[1].name}-{path.parent.name}")
def test_kept_settings_are_read_as_the_protocol_that_they_name(path, tmp_path):
    stored, now = stored_search_protocol(path), load_search_protocol(path.parents[1].name)
    assert (stored.probabilities, stored.integrity) == (now.probabilities, now.integrity)
    hashes = (stored.search_hash(), stored.comparison_hash(), stored.scoring_hash())
    assert json.loads(path.read_text())["hash"] in hashes
    write_stored_settings(tmp_path, stored.to_dict())
    assert stored_search_protocol(tmp_path / "protocol.json") == stored


def test_a_change_of_what_a_name_stands_for_is_another_hash(monkeypatch, tmp_path):
    before = with_bias("smoke")
    operands = [Primitive("gradient"), *FULL.operands[1:-1]]
    monkeypatch.setitem(SPACES, "full", dataclasses.replace(FULL, operands=tuple(operands)))
    assert before.search_hash() != EARLIER["smoke"][0]
    monkeypatch.setitem(SPACES, "full", FULL)
    monkeypatch.setitem(SPACES, "bello2017", dataclasses.replace(SPACES["bello2017"], operands=tuple(operands)))
    assert before.search_hash() == EARLIER["smoke"][0]
    assert before.comparison_hash() != EARLIER["smoke"][1]
    monkeypatch.setattr(module, "NUM_HIDDEN", 6)
    assert before.search_hash() != EARLIER["smoke"][0]
    monkeypatch.undo()
    other = Probabilities(mutation=MutationProbabilities(function=0.30, connection=0.40))
    monkeypatch.setattr(protocol_module, "DESCRIBED", other)
    write_stored_settings(tmp_path, {**before.to_dict(), "probabilities": "described"})
    assert stored_search_protocol(tmp_path / "protocol.json").search_hash() != EARLIER["smoke"][0]


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("search", "particles = 6", "particles = 61", "sizes.particles must be at most initial = 60; received 61"),
        ("search", 'space = "full"', 'space = "whole"', "space must be"),
        ("search", 'algorithm = "paper"', 'algorithm = "random"', "algorithm must be"),
        ("search", "seed = 0", "seed = -1", "seeds in"),
        ("search", "seeds = [0, 1]", "seeds = [0, 101]", "fresh seeds, none of"),
        ("search", "redraws = 4", "redraw = 4", "unknown key sizes.redraw"),
        ("search", "top = 5", "", "missing key rescoring.top"),
        (
            "search",
            "operand = 0.8",
            "operand = 1.8",
            r"probabilities.sampling.operand must be a probability in \[0, 1\]",
        ),
        ("search", "\narity = 0.1", "\narity = 0.2", r"probabilities.mutation: function \+ connection \+ .* = 1.1$"),
        ("search", "slot = 1000", "slot = 0", "probabilities.tries.slot must be 1 or more; received 0"),
        ("search", "warmup_steps = 6", "warmup_steps = 35", "integrity.warmup_steps must be 0 or more, and less than"),
        ("search", "target = [0.5, ", "target = [", "integrity.target must be 5 numbers, as start has"),
        ("search", "profile =", "profile", "not valid TOML"),
        ("search", 'profile = "own"', 'profile = "mine"', "profile must be 'own', as the path says; received 'mine'"),
        ("elimination", "keep = 2", "keep = 4", "keeping no more than the round before"),
        ("elimination", 'name = "longer"', 'name = "wider"', "different names"),
        ("elimination", "[[rounds.surrogate.tasks]]", "[[rounds.other.tasks]]", "unknown key rounds"),
    ],
)
def test_a_mistake_in_a_protocol_is_named(tmp_path, name, old, new, said):
    text = (PROTOCOLS / "smoke" / f"{name}.toml").read_text().replace('"smoke"', '"own"')
    assert old in text
    path = tmp_path / "own.toml"
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(ProtocolError, match=said):
        LOADERS[name](str(path))


def test_unknown_profiles_are_answered_with_those_there_are():
    with pytest.raises(
        ProtocolError, match=r"no profile 'huge' with search\.toml; there are: gpu, paper, small, smoke"
    ):
        load_search_protocol("huge")


def test_plans():
    protocol = load_search_protocol("smoke")
    plan = search_plan(protocol)
    assert (plan.name, plan.limits.steps, plan.limits.epochs) == ("paper-full-seed0", 3, None)
    plans = comparison_plans(protocol)
    assert len({each.name for each in plans}) == len(plans) == 2 * (4 + 2)
    assert {each.limits.epochs for each in plans} == {1200}
    assert PUBLISHED.sampling.root_unary_edge_decay == 0.85


BESIDE = """
[[evolution.tasks]]
name = "text"
reference = 0.4
[evolution.tasks.data]
source = "text"
window = 16
validation_fraction = 0.25
test_fraction = 0.4
[evolution.tasks.model]
network = "char_lstm"
width = 8
depth = 1
dropout = 0.2
[evolution.tasks.training]
batch_size = 64
epochs = 2
warmup_fraction = 0.1
[evolution.tasks.rates]
screening_epochs = 1
first_rates = [0.1]
first_threshold = 0.1
second_rates = [0.01]
second_threshold = 0.2
"""


def with_beside(tmp_path, change=lambda text: text):
    text = (PROTOCOLS / "smoke" / "search.toml").read_text().replace('"smoke"', '"own"')
    first = '[[evolution.tasks]]\nname = "digits"\n'
    assert first in text
    text = text.replace(first, f"{first}reference = 0.9\n").replace("[rescoring]", BESIDE + "\n[rescoring]")
    path = tmp_path / "own.toml"
    path.write_text(change(text))
    return load_search_protocol(str(path))


def test_a_search_on_several_tasks_is_read_hashed_and_kept(tmp_path):
    one, several = load_search_protocol("smoke"), with_beside(tmp_path)
    assert several.evolution.work().facts().name == "digits, text"
    assert several.initial.work().facts().name == "digits"
    work = dataclasses.replace(several.evolution, nesterov="search").work()
    assert {part.work.task.nesterov for part in work.parts} == {"search"}
    assert several.scoring_hash() != one.scoring_hash()
    other = with_beside(tmp_path, lambda text: text.replace("reference = 0.4", "reference = 0.5"))
    assert other.scoring_hash() != several.scoring_hash()
    write_stored_settings(tmp_path / "kept", several.to_dict())
    stored = stored_search_protocol(tmp_path / "kept" / "protocol.json")
    assert stored == several
    assert (stored.scoring_hash(), stored.search_hash()) == (several.scoring_hash(), several.search_hash())


def test_the_first_task_may_have_any_network_of_the_engine(tmp_path):
    protocol = load_search_protocol("smoke")
    network = VisionTransformerSettings(
        network="vision_transformer", width=8, dropout=0.1, pixels="unit", depth=1, heads=2, patch_size=4
    )
    other = dataclasses.replace(protocol, evolution=changed(protocol.evolution, model=network))
    assert other.evolution.work().task.model == network
    assert other.scoring_hash() != protocol.scoring_hash()
    write_stored_settings(tmp_path, other.to_dict())
    stored = stored_search_protocol(tmp_path / "protocol.json")
    assert stored == other
    assert stored.scoring_hash() == other.scoring_hash()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "reference = 0.9\n",
            "",
            r"evolution.tasks\[0\].reference must be given .*; received None",
        ),
        ("reference = 0.4", "reference = 0", r"evolution.tasks\[1\].reference must be in \(0, 1\]; received 0"),
        ("reference = 0.9", "reference = 2", r"evolution.tasks\[0\].reference must be in \(0, 1\]; received 2"),
        (BESIDE, BESIDE + BESIDE, "evolution.tasks must be tasks of different names; received"),
        (BESIDE, "", r"evolution.tasks\[0\].reference must be left out where there is one task; received 0.9"),
        ("redraws = 4\n", "redraws = 4\nkeep = 1.0\n", "sizes.keep must be between 0 and 1, or left out; received 1.0"),
    ],
)
def test_several_tasks_that_do_not_fit_are_refused(tmp_path, old, new, message):
    with pytest.raises(ProtocolError, match=message):
        with_beside(tmp_path, lambda text: text.replace(old, new))


def test_halving_is_another_search_of_the_same_scores(tmp_path):
    plain = with_beside(tmp_path)
    halving = with_beside(tmp_path, lambda text: text.replace("redraws = 4\n", "redraws = 4\nkeep = 0.25\n"))
    assert halving.search_hash() != plain.search_hash()
    assert halving.scoring_hash() == plain.scoring_hash()
    assert {plan.make_algorithm(()).keep for plan in comparison_plans(halving)} == {0.25}
