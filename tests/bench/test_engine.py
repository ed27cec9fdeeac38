"""The engine's measurements: what is derived from them, and what is written, on given numbers."""

import csv
import io
import json
import re
from dataclasses import replace

import jax
import numpy as np
import pytest
from rich.console import Console

from reproduce.bench import keras_candidates, member_steps
from reproduce.bench.digits import digits
from reproduce.bench.engine import (
    EngineBench,
    bench_engine,
    default_settings,
    integrity_rates,
    plot,
    to_csv,
    to_json,
)
from reproduce.bench.member_steps import Refused, matrix_rate, over_forms, over_members, step_times
from reproduce.bench.race import Contestant, KerasProcess, random_candidates
from reproduce.bench.sizes import FULL, SMOKE, EngineBenchSettings, RaceSettings, Workload, quick
from reproduce.errors import ReproduceError
from reproduce.population.integrity import check_integrity
from reproduce.report.output import show
from reproduce.report.speed import StepTime, read_engine_speed
from reproduce.report.tables.engine import engine_table

#: The GPU's measurements with every size cut: colour images, bfloat16, members side by side.
TINY = EngineBenchSettings(
    RaceSettings(Workload(2, 8, 3, 4, "bfloat16"), epochs=2, steps_per_epoch=3, warmup_steps=1, validation=5),
    candidates=2, rounds=2, backends=("tensorflow",), members=1, form_members=1, layout="vectorise",
    forms=(("vectorise", "patches"),), steps=2, repeats=2, integrity=20, matrix=64,
)  # fmt: skip


def result(work=SMOKE.race.work):
    return EngineBench(
        contestants=[
            Contestant("engine", (2.0, 4.0, 3.0), (1.0, 2.0, 3.0), 30, 6.0, 5.0, 0.5, (1000, 1000, 1000)),
            Contestant("Keras, tensorflow", (6.0, 12.0, 12.0), (3.0, 6.0, 6.0), 1, 0.0, 0.0, 0.5, (72, 72, 72)),
            Contestant("Keras, jax", (10.0, 10.0, 15.0), (5.0, 5.0, 5.0), 1, 0.0, 0.0, 0.5, (72, 72, 72)),
        ],
        over_members=[StepTime("map", "patches", m, 3, 1e-3, 9e-4, 2e-3, 8e-4, "a test") for m in (1, 2)],
        over_forms=[StepTime("vectorise", "native", 2, 3, 5e-4, 4e-4, 6e-4, 3e-3, "a test")],
        refused=[Refused("map", "patches", 4, True, "RESOURCE_EXHAUSTED: Out of memory")],
        expected=3,
        work=work,
        integrity=[1000.0, 3000.0, 2000.0],
        integrity_cpu=[4000.0, 4000.0, 5000.0],
        matrix_rate=1e11,
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


def test_the_search_s_time_follows_from_the_engine_s_own_form_and_from_the_race():
    assert result().search_minutes() is None
    minutes = result(FULL.race.work).search_minutes()
    assert minutes == {"steps": pytest.approx(43e6 * 1e-3 / 60), "race": pytest.approx(43e6 * 3e-3 / 60)}
    assert result(FULL.race.work).matrix_share() == pytest.approx(FULL.race.work.flops() * 1000 / 1e11)
    assert result().fastest().convolution == "native"


def test_operations_are_those_of_the_convolutions_three_times():
    one_image = 2 * 9 * (8 * 8 * 1 * 4 + 4 * 4 * 4 * 8 + 2 * 2 * 8 * 16)
    assert SMOKE.race.work.flops() == 3 * 64 * one_image
    assert FULL.race.work.flops() == pytest.approx(17e9, rel=0.03)


def test_the_size_follows_from_the_device():
    assert default_settings() is default_settings("cpu") is SMOKE
    assert default_settings("gpu") is FULL
    assert FULL.race.steps == 16_000
    assert quick(FULL).race.work is FULL.race.work
    assert quick(FULL).race.steps < 10


def test_what_is_written_can_be_read():
    document = json.loads(to_json(result(), SMOKE, {"jax": "1.2"}))
    assert document["times_keras"] == pytest.approx(90)
    assert document["settings"]["candidates"] == 32
    assert document["search_minutes"] is None
    assert document["refused"][0]["members"] == 4
    assert document["versions"] == {"jax": "1.2"}
    rows = list(csv.DictReader(io.StringIO(to_csv(result().over_members))))
    assert [row["members"] for row in rows] == ["1", "2"]
    assert {row["device"] for row in rows} == {"a test"}
    pictures = plot(result().over_members)
    assert set(pictures) == {"svg", "pdf", "png"}
    assert pictures["png"].startswith(b"\x89PNG")


def test_what_is_shown_is_the_reports_table_of_what_was_written(capsys, tmp_path):
    (tmp_path / "engine.json").write_text(to_json(result(FULL.race.work), FULL, {}))
    show(engine_table(read_engine_speed(tmp_path / "engine.json")), Console(width=100))
    shown = " ".join(capsys.readouterr().out.split())
    assert "90.0 times as fast as the faster Keras" in shown
    assert re.search(r"map, patches, 4 members +refused", shown)
    assert re.search(r"43 million steps of the published search +717 ", shown)
    assert re.search(r"the speed of the candidates scored +2150 ", shown)


def test_candidates_pass_the_check_they_are_drawn_by_and_repeat():
    specs = random_candidates(5)
    assert specs == random_candidates(5)
    checked = check_integrity(specs)
    assert checked.passed.all()
    assert not checked.flip.any()


@pytest.mark.slow
def test_all_measurements_of_a_gpu_run_at_a_small_size(tmp_path, capsys):
    bench = bench_engine(TINY, tmp_path, Console(width=100))
    times = [*bench.over_members, *bench.over_forms]
    assert [(each.layout, each.convolution, each.members) for each in times] == 2 * [("vectorise", "patches", 1)]
    assert all(each.repeats == 2 and 0 < each.low <= each.seconds <= each.high for each in times)
    assert bench.refused == []
    assert bench.expected > 2
    engine, keras = bench.contestants
    assert (engine.name, keras.name) == ("engine", "Keras, tensorflow")
    assert (engine.candidates, keras.candidates) == (2, 1)
    assert all(0 < steps <= 2 * 6 for steps in engine.member_steps)
    assert min(bench.times_keras(), bench.matrix_rate, bench.matrix_share(), *bench.integrity) > 0
    document = json.loads((tmp_path / "bench" / "engine" / "engine.json").read_text())
    assert document["work"]["dtype"] == "bfloat16"
    assert (tmp_path / "bench" / "engine" / "member_steps.svg").exists()
    assert "Keras, tensorflow" in capsys.readouterr().out


class Device(member_steps.TimedPopulation):
    """A population that takes a second a member, on a device with room for some and without one convolution."""

    def __init__(self, form, count, *, room=4):
        super().__init__(None, None, form, count, steps=1, batch_size=1)
        self._room = room

    def epoch(self):
        if self.members > self._room:
            raise jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: Out of memory\nand more lines")
        if self._form[1] == "native":
            raise jax.errors.JaxRuntimeError("UNIMPLEMENTED: no such convolution")
        self._times.append((self.members, self.members))


def test_the_curve_ends_where_the_device_is_full():
    asked = [Device(("vectorise", "patches"), 2**power) for power in range(6)]
    found = step_times(asked, 3, until_full=True)
    assert [(each.members, each.repeats, each.seconds) for each in found.times] == [(1, 3, 1), (2, 3, 1), (4, 3, 1)]
    assert found.refused == [Refused("vectorise", "patches", 8, True, "RESOURCE_EXHAUSTED: Out of memory")]


def test_a_form_that_the_device_has_not_is_a_row_of_its_own():
    asked = [Device(("vectorise", form), 2) for form in ("patches", "native", "shifts")]
    found = step_times(asked, 1)
    assert [each.convolution for each in found.times] == ["patches", "shifts"]
    assert found.refused == [Refused("vectorise", "native", 2, False, "UNIMPLEMENTED: no such convolution")]


def test_every_form_and_number_of_members_is_asked_for(monkeypatch):
    monkeypatch.setattr(member_steps, "_timed", lambda settings, form, count: Device(form, count, room=99))
    settings = replace(SMOKE, members=8, repeats=1)
    assert [each.members for each in over_members(settings).times] == [1, 2, 4, 8]
    assert {(each.layout, each.convolution) for each in over_members(settings).times} == {("map", "batch-innermost")}
    forms = over_forms(settings)
    assert len({(each.layout, each.convolution) for each in (*forms.times, *forms.refused)}) == 12


def test_a_device_without_room_for_one_member_is_an_error_in_words(monkeypatch, tmp_path):
    monkeypatch.setattr(member_steps, "_timed", lambda settings, form, count: Device(form, count, room=0))
    with pytest.raises(ReproduceError, match="does not train even one member: RESOURCE_EXHAUSTED"):
        bench_engine(TINY, tmp_path, Console(quiet=True))


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_the_matrix_rate_is_a_number_of_this_machine(dtype):
    assert 1e6 < matrix_rate(64, dtype, 2) < 1e16


def test_keras_computes_in_the_engine_s_type():
    import keras

    try:
        for settings, products in ((TINY.race, "bfloat16"), (SMOKE.race, "float32")):
            network = keras_candidates._network(settings)
            types = {layer.compute_dtype for layer in network.layers if isinstance(layer, keras.layers.Conv2D)}
            assert (types, network.output.dtype) == ({products}, "float32")
            assert {weight.dtype for weight in network.weights} == {"float32"}
    finally:
        keras.config.set_dtype_policy("float32")


def test_a_keras_that_fails_says_why():
    with (
        KerasProcess("no-such-backend", SMOKE.race) as keras,
        pytest.raises(
            ReproduceError, match=r"^Keras, no-such-backend, candidate of seed 0: KERAS_BACKEND is 'no-such-"
        ),
    ):
        keras.score(random_candidates(1)[0], 0)


def test_the_parts_of_the_digits_are_apart_and_have_the_network_s_size():
    (train, _), (validation, labels) = digits(SMOKE.race)
    assert len(train) + len(validation) == 1797
    assert train.shape[1:] == validation.shape[1:] == (8, 8, 1)
    assert train.max() == 16
    (large, _), (many, repeated) = digits(FULL.race)
    assert large.shape == (len(train), 32, 32, 3)
    assert len(many) == 5000
    np.testing.assert_array_equal(large[:, ::4, ::4, :1], train)
    np.testing.assert_array_equal(repeated[:449], labels)
    with pytest.raises(ValueError, match="image_size 12, no multiple"):
        digits(replace(SMOKE.race, work=Workload(4, 12, 1, 64, "float32")))


def test_integrity_is_timed_as_often_as_asked():
    for rates in integrity_rates(20, 3):
        assert len(rates) == 3
        assert np.isfinite(rates).all()
