"""The engine's measurements: what is derived from them, and what is written, on given numbers."""

import csv
import io
import json

import numpy as np
import pytest

from reproduce.bench.engine import EngineBench, EngineBenchSettings, integrity_rates, plot, to_csv, to_json
from reproduce.bench.member_steps import FULL, SMOKE, StepTime, Work, over_members
from reproduce.bench.race import Contestant, EngineScorer, KerasScorer, RaceSettings, digits, random_candidates
from reproduce.errors import ReproduceError
from reproduce.population.integrity import check_integrity


def result():
    return EngineBench(
        contestants=[
            Contestant("engine", (2.0, 4.0, 3.0), (1.0, 2.0, 3.0), 30, 6.0, 5.0, 0.5),
            Contestant("Keras, tensorflow", (6.0, 12.0, 12.0), (3.0, 6.0, 6.0), 1, 0.0, 0.0, 0.5),
            Contestant("Keras, jax", (10.0, 10.0, 15.0), (5.0, 5.0, 5.0), 1, 0.0, 0.0, 0.5),
        ],
        over_members=[StepTime("map", "patches", m, 3, 1e-3, 9e-4, 2e-3, 8e-4) for m in (1, 2)],
        over_forms=[StepTime("vectorise", "native", 2, 3, 4e-3, 3e-3, 5e-3, 3e-3)],
        work=SMOKE,
        integrity=[1000.0, 3000.0, 2000.0],
        integrity_cpu=[4000.0, 4000.0, 5000.0],
        matrix_rate=1e11,
        matrix_dtype="float32",
        device="a test",
        load=(0.5, 0.5),
    )


def test_speeds_are_candidates_over_seconds_and_a_rounds_ratio_is_to_the_faster_keras():
    engine = result().contestants[0]
    assert engine.per_minute() == pytest.approx(600)
    assert engine.per_minute(0.0) == pytest.approx(450)
    assert engine.per_minute(cpu=True) == pytest.approx(900)
    assert engine.per_minute_once() == pytest.approx(200)
    assert result().ratios() == pytest.approx([900 / 10, 450 / 6, 600 / 5])
    assert result().ratios(cpu=True) == pytest.approx([1800 / 20, 900 / 12, 600 / 12])
    assert result().times_keras() == pytest.approx(90)
    assert result().times_keras_once() == pytest.approx(200 / 6)
    assert result().member_steps_per_second() == pytest.approx(1000)


def test_operations_are_those_of_the_convolutions_three_times():
    one_image = 2 * 9 * (8 * 8 * 1 * 4 + 4 * 4 * 4 * 8 + 2 * 2 * 8 * 16)
    assert SMOKE.flops() == 3 * 64 * one_image
    assert 10e9 < FULL.flops() < 30e9


def test_what_is_written_can_be_read():
    document = json.loads(to_json(result(), EngineBenchSettings()))
    assert document["times_keras"] == pytest.approx(90)
    assert document["settings"]["candidates"] == 32
    assert "jax" in document["versions"]
    rows = list(csv.DictReader(io.StringIO(to_csv(result().over_members, "a test"))))
    assert [row["members"] for row in rows] == ["1", "2"]
    assert {row["device"] for row in rows} == {"a test"}
    pictures = plot(result())
    assert set(pictures) == {"svg", "pdf", "png"}
    assert pictures["png"].startswith(b"\x89PNG")


def test_candidates_pass_the_check_they_are_drawn_by_and_repeat():
    specs = random_candidates(5)
    assert specs == random_candidates(5)
    checked = check_integrity(specs)
    assert checked.passed.all()
    assert not checked.flip.any()


def test_the_engine_is_timed_on_every_candidate():
    settings = RaceSettings(epochs=1, steps_per_epoch=2, warmup_steps=1)
    specs = random_candidates(2)
    lot = EngineScorer(specs, settings).score(specs[0], 1)
    assert len(lot.scores) == 2
    assert all(0 <= score <= 1 for score in lot.scores)
    assert min(lot.seconds, lot.cpu_seconds) > 0


@pytest.mark.slow
def test_members_are_timed_in_turns():
    work = Work(base_filters=2, image_size=8, channels=1, batch_size=4, dtype="float32")
    times = over_members(work, [1, 2], steps=2, repeats=3)
    assert [(each.members, each.repeats) for each in times] == [(1, 3), (2, 3)]
    assert all(0 < each.low <= each.seconds <= each.high and each.cpu_seconds > 0 for each in times)


def test_a_keras_that_fails_says_why():
    with (
        KerasScorer("no-such-backend", RaceSettings()) as keras,
        pytest.raises(ReproduceError, match="no-such-backend"),
    ):
        keras.score(random_candidates(1)[0], 0)


def test_the_parts_of_the_digits_are_apart():
    (train, _), (validation, _) = digits()
    assert len(train) + len(validation) == 1797
    assert train.shape[1:] == validation.shape[1:] == (8, 8, 1)
    assert train.max() == 16


def test_integrity_is_timed_as_often_as_asked():
    for rates in integrity_rates(20, 3):
        assert len(rates) == 3
        assert np.isfinite(rates).all()
