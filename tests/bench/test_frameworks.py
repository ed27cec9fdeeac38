"""The bench of frameworks: what follows from given answers, and every loop once in a process of its own."""

import dataclasses
import importlib
import shutil
import subprocess
from contextlib import ExitStack
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from reproduce.bench import framework_forms, framework_steps, frameworks, population_steps
from reproduce.bench.asked import AskedProcess
from reproduce.bench.framework_forms import EARLIER, ENGINE, FrameworkForm, earlier_version
from reproduce.bench.framework_forms import framework_forms as forms_of
from reproduce.bench.framework_steps import LOOPS
from reproduce.bench.frameworks import FrameworkBenchSettings, Running, bench_frameworks
from reproduce.bench.step_sizes import SIZES
from reproduce.errors import ReproduceError
from reproduce.report.forms import to_markdown
from reproduce.report.speed import FRAMEWORK_TIMES, read_framework_times
from reproduce.report.tables.frameworks import framework_tables

TINY = replace(SIZES["search"], width=2, side=8, batch=4, members=4, steps=3, examples=8, evaluated=8)


def form(framework="engine", name="Adam", processes=1):
    return FrameworkForm(framework, name, ("true",), processes, 1, evaluates=framework == "engine")


class Clock:
    """Stands for the time: it is what the processes say."""

    now = 0.0

    def perf_counter(self):
        return self.now


class Answering:
    """Stands for a process that takes a known time for a step."""

    clock = Clock()

    def __init__(self, name, command, environment):
        self.name, self.told = name, []

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def tell(self, question):
        self.told.append(question)

    def answer(self):
        asked = self.told[-1]
        if "broken" in self.name:
            return {"raised": "no compiler"}
        seconds = {"engine": 0.1, "torch": 0.3}[next(name for name in ("engine", "torch") if name in self.name)]
        self.clock.now += seconds * asked["times"]
        done = 10 * asked["times"]
        return {"done": done, "cpu_seconds": 2 * seconds * asked["times"], "peak_bytes": 1000}


@pytest.fixture
def answering(monkeypatch):
    monkeypatch.setattr(frameworks, "AskedProcess", Answering)
    monkeypatch.setattr(frameworks, "time", Answering.clock)


def measured(*forms):
    with ExitStack() as stack:
        running = [Running(each, stack) for each in forms]
        assert all(each.begins(0.6, print) for each in running)
        for _ in range(3):
            for each in running:
                each.measure()
        return [time for each in running for time in each.times("search", running[0])]


def test_a_step_costs_what_all_processes_took_over_what_they_did(answering):
    step, evaluation, torch, two = measured(form(), form("torch", "eager"), form("torch", "eager, two", 2))
    assert step.seconds == pytest.approx(0.01)
    assert step.cpu_seconds == pytest.approx(0.02)
    assert (step.times, step.rounds, step.measured) == (pytest.approx(1.0), 3, "step")
    assert evaluation.measured == "evaluation"
    assert evaluation.seconds == pytest.approx(0.01 * 10_000)
    assert torch.times == torch.times_low == pytest.approx(3.0)
    assert torch.cpu_times == pytest.approx(3.0)
    assert torch.peak_bytes == 1000
    # These processes answer one after another: twice the time for twice the steps.
    assert two.seconds == pytest.approx(0.03)
    assert two.peak_bytes == 2000


def bench(monkeypatch, tmp_path, forms, sizes=("search",)):
    monkeypatch.setattr(frameworks, "framework_forms", lambda size, cores: iter(forms))
    monkeypatch.setattr(frameworks, "earlier_version", lambda: None)
    console = Console(record=True, width=200)
    times = bench_frameworks(FrameworkBenchSettings(sizes, 3), tmp_path, console)
    return times, console.export_text()


def test_what_cannot_begin_is_told_and_left_out(answering, monkeypatch, tmp_path):
    times, said = bench(monkeypatch, tmp_path, [form(), form("torch", "broken"), form("torch", "eager")])
    assert [(each.framework, each.form, each.measured) for each in times] == [
        ("engine", "Adam", "step"),
        ("engine", "Adam", "evaluation"),
        ("torch", "eager", "step"),
    ]
    assert "Not measured: torch, broken" in said
    assert "no compiler" in said
    assert f"Not measured: the engine at {EARLIER}" in said


def test_without_the_engine_nothing_is_measured(answering, monkeypatch, tmp_path):
    class Broken(Answering):
        def answer(self):
            return {"raised": "no memory"}

    monkeypatch.setattr(frameworks, "AskedProcess", Broken)
    with pytest.raises(ReproduceError, match="no memory"):
        bench(monkeypatch, tmp_path, [form()])


def test_a_size_that_is_measured_again_takes_the_place_of_its_lines(answering, monkeypatch, tmp_path):
    bench(monkeypatch, tmp_path, [form(), form("torch", "eager")], ("smoke", "search"))
    bench(monkeypatch, tmp_path, [form()], ("search",))
    lines = read_framework_times(tmp_path / FRAMEWORK_TIMES)
    assert {(each.size, each.framework) for each in lines} == {
        ("smoke", "engine"),
        ("smoke", "torch"),
        ("search", "engine"),
    }
    assert lines[0].network == "surrogate without bias, base 4, 8 px, batch 64"
    assert not list((tmp_path / "bench").glob("unfinished-*"))


def test_the_tables_say_how_many_times_the_engine_is_as_fast(answering):
    steps, evaluations = framework_tables(measured(form(), form("torch", "eager")))
    assert "n = 3 rounds in turns" in steps.caption
    assert "| torch | eager | 30.00 | 30.00 | 30.00 | 60.00 | 3.00 | 3.00 | 3.00 | 3.00 | 0 |" in to_markdown(steps)
    assert "| engine | Adam | 100000.00 |" in to_markdown(evaluations)
    assert framework_tables([]) == []


def test_every_form_is_compared_with_as_many_threads_as_there_are_cores():
    forms = list(forms_of(SIZES["search"], 2))
    assert forms[0].name == ENGINE
    assert len({each.name for each in forms}) == len(forms)
    assert {each.processes * each.threads for each in forms} == {2}
    assert {"eager, 1 x 2 threads", "eager, 2 x 1 threads", "compiled, 2 x 1 threads, large pages"} <= {
        each.form for each in forms if each.framework == "torch"
    }
    others = list(forms_of(SIZES["char-lstm"], 2))
    assert {each.framework.split(" at ")[0] for each in others} == {"engine"}


def test_the_earlier_version_comes_from_the_history_once_or_not_at_all(monkeypatch, tmp_path):
    monkeypatch.setattr(framework_forms, "_ROOT", tmp_path)
    assert earlier_version() is None
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=b"]
    for folder in ("reproduce", "paper_optimizers"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "__init__.py").write_text("before = True\n")
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "one"], check=True)
    monkeypatch.setattr(framework_forms, "EARLIER", "HEAD")
    folder = earlier_version()
    assert (folder / "reproduce" / "__init__.py").read_text() == "before = True\n"
    shutil.rmtree(tmp_path / ".git")
    assert earlier_version() == folder


@pytest.mark.parametrize(
    ("framework", "form", "steps"),
    [
        ("torch", "eager", 1),
        ("optax", "jitted step", TINY.steps),
        ("optax", "scan", TINY.steps),
        ("optax", "scan, vmapped", TINY.steps * TINY.members),
        ("keras", "fit", 30),
    ],
)
def test_a_loop_takes_the_steps_that_it_says(framework, form, steps):
    pytest.importorskip("torch" if framework == "torch" else "jax")
    loop = importlib.import_module(f"reproduce.bench.{LOOPS[framework]}").make_loop(TINY, form)
    assert [loop(), loop()] == [steps, steps]


def test_pytorch_computes_with_the_threads_of_its_process(monkeypatch):
    torch = pytest.importorskip("torch")
    threads = []
    monkeypatch.setattr(torch, "set_num_threads", threads.append)
    monkeypatch.setattr(framework_steps, "answer_lines", lambda _: None)
    monkeypatch.setenv("NPROC", "3")
    framework_steps.main("torch", "eager", TINY)
    assert threads == [3]


def test_members_of_the_engine_take_every_step_of_an_epoch():
    form = next(iter(forms_of(TINY, 2)))
    with AskedProcess("engine", form.command, form.variables()) as process:
        for times in (1, 2):
            answer = process.ask({"what": "step", "times": times})
            assert answer["done"] == times * TINY.members * TINY.steps
            assert answer["peak_bytes"] > 10_000_000
        assert process.ask({"what": "evaluation", "times": 1})["done"] == TINY.members * TINY.evaluated


def test_the_earlier_engine_is_timed_by_the_same_program():
    form = next((each for each in forms_of(TINY, 1) if each.framework == f"engine at {EARLIER}"), None)
    if form is None:
        pytest.skip(f"no commit {EARLIER} in the history here")
    with AskedProcess("earlier", form.command, form.variables()) as process:
        assert process.ask({"what": "step", "times": 1})["done"] == TINY.members * TINY.steps


def test_another_framework_answers_in_a_process():
    pytest.importorskip("torch")
    form = next(each for each in forms_of(TINY, 1) if each.framework == "torch")
    with AskedProcess("torch", form.command, form.variables()) as process:
        answer = process.ask({"what": "step", "times": 3})
    assert answer["done"] == 3
    assert answer["cpu_seconds"] > 0


@pytest.mark.parametrize("name", SIZES)
def test_every_size_is_a_network_that_answers_its_data(name):
    size = dataclasses.asdict(replace(SIZES[name], examples=64))
    problem, data = population_steps.surroundings(size)
    parameters, statistics = problem.initial(np.random.default_rng(0))
    measures = problem.evaluate(parameters, statistics, data)
    assert measures.loss.shape == (64,)
    classes = size["classes"] if size["channels"] else size["characters"]
    assert np.mean(measures.loss) == pytest.approx(np.log(classes), rel=0.3)
