"""An interrupted run of the engine's measurements goes on after the last of them."""

import json
from dataclasses import replace

import pytest
from rich.console import Console

from reproduce.bench import engine, race
from reproduce.bench.engine import bench_engine
from reproduce.bench.member_steps import Refused, StepTime, StepTimes
from reproduce.bench.race import Lot
from reproduce.bench.sizes import SMOKE
from reproduce.bench.unfinished import Unfinished
from reproduce.errors import ReproduceError

SETTINGS = replace(SMOKE, candidates=2, rounds=2, backends=("tensorflow",), integrity=20, repeats=2, matrix=16)
TIME = StepTime("map", "patches", 1, 2, 1e-3, 9e-4, 2e-3, 8e-4, "a processor")


class Interrupted(Exception):
    """Raised to end a run where a test wants it ended."""


def kept(folder, **conditions):
    return Unfinished(folder, {"rounds": 2, **conditions}, lambda name: None)


def refuse():
    raise Interrupted


def test_what_was_measured_is_not_measured_again(tmp_path):
    told = []
    assert Unfinished(tmp_path, {"rounds": 2}, told.append).once("a product", lambda: (1.5, None)) == [1.5, None]
    again = Unfinished(tmp_path, {"rounds": 2}, told.append)
    assert again.once("a product", refuse) == [1.5, None]
    with pytest.raises(Interrupted):
        again.once("another", refuse)
    assert told == ["a product", "another"]
    again.finish()
    assert list(tmp_path.iterdir()) == []
    assert kept(tmp_path).once("a product", lambda: 3) == 3


def test_measurements_under_other_conditions_are_neither_used_nor_lost(tmp_path):
    assert kept(tmp_path, device="a").once("a product", lambda: 1) == 1
    assert kept(tmp_path, device="b").once("a product", lambda: 2) == 2
    kept(tmp_path, device="b").finish()
    assert kept(tmp_path, device="a").once("a product", refuse) == 1


@pytest.mark.parametrize(("text", "message"), [("{", "cannot read"), ("[]", "holds no measurements")])
def test_a_damaged_file_is_named(text, message, tmp_path):
    kept(tmp_path).once("a product", lambda: 1)
    (path,) = tmp_path.iterdir()
    path.write_text(text)
    with pytest.raises(ReproduceError, match=f"{message}.*remove it to measure again"):
        kept(tmp_path)


class Bench:
    """Everything slow replaced by what notes that it was asked for, and can be told to end the run."""

    def __init__(self, monkeypatch):
        self.asked, self.end_before = [], None
        times = StepTimes([TIME], [Refused("map", "native", 1, False, "UNIMPLEMENTED")])
        self.curve = times
        monkeypatch.setattr(engine, "over_forms", lambda settings: self.note("forms", times))
        monkeypatch.setattr(engine, "over_members", lambda settings: self.note("members", self.curve))
        monkeypatch.setattr(engine, "members_expected", lambda settings: self.note("expected", 3))
        monkeypatch.setattr(race, "EngineScorer", lambda specs, *_: Scorer(self, "engine", len(specs), first=9.0))
        monkeypatch.setattr(race, "KerasProcess", lambda backend, *_: Scorer(self, f"Keras, {backend}", 1))

    def note(self, name, value):
        if name == self.end_before:
            raise Interrupted
        self.asked.append(name)
        return value


class Scorer:
    """Takes a second for each candidate."""

    def __init__(self, bench, name, count, first=None):
        self.name = name
        self._bench, self._count, self._first = bench, count, first

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return None

    def score(self, spec, seed):
        lot = Lot(1.0 * self._count, 0.5, (0.25,) * self._count, 72 * self._count, self._first, self._first)
        return self._bench.note(f"{self.name} {seed}", lot)


def test_an_interrupted_run_goes_on_with_the_next_measurement(monkeypatch, tmp_path):
    bench, console = Bench(monkeypatch), Console(quiet=True)
    bench.end_before = "Keras, tensorflow 1"
    with pytest.raises(Interrupted):
        bench_engine(SETTINGS, tmp_path, console)
    folder = tmp_path / "bench" / "engine"
    assert (folder / "member_steps.csv").exists()
    assert not (folder / "engine.json").exists()
    bench.end_before = None
    found = bench_engine(SETTINGS, tmp_path, console)
    once = ["forms", "members", "expected", "engine 1", "Keras, tensorflow 1", "engine 2", "Keras, tensorflow 2"]
    assert bench.asked == once
    assert [each.seconds for each in found.contestants] == [(2.0, 2.0), (1.0, 1.0)]
    assert [each.compile_seconds for each in found.contestants] == [7.0, 0.0]
    assert found.times_keras() == pytest.approx(1.0)
    assert (found.over_forms, found.over_members, found.expected) == ([TIME], [TIME], 3)
    assert json.loads((folder / "engine.json").read_text())["refused"][0]["reason"] == "UNIMPLEMENTED"
    assert not list(folder.glob("unfinished-*"))
    bench_engine(SETTINGS, tmp_path, console)
    assert bench.asked == 2 * once


def test_a_device_that_was_full_is_asked_again(monkeypatch, tmp_path):
    bench, console = Bench(monkeypatch), Console(quiet=True)
    good, bench.curve = bench.curve, StepTimes([], [Refused("map", "patches", 1, True, "RESOURCE_EXHAUSTED")])
    with pytest.raises(ReproduceError, match="does not train even one member: RESOURCE_EXHAUSTED"):
        bench_engine(SETTINGS, tmp_path, console)
    bench.curve = good
    assert bench_engine(SETTINGS, tmp_path, console).over_members == [TIME]
    assert bench.asked[:3] == ["forms", "members", "members"]
