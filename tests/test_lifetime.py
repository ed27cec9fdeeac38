"""How processes end that are told to, or that lose the one that began them."""

import gc
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from reproduce import cli
from reproduce.lifetime import Terminated, leave_signals_to_parent, terminations_raised
from tests.processes import in_child

ROOT = Path(__file__).resolve().parents[1]
#: A command whose one worker runs for a minute.
COMMAND = """
import sys
from pathlib import Path
from reproduce import cli
from reproduce.executors.executor import Executor
from reproduce.executors.processes import ProcessWorkers
from reproduce.study.rows import Job
from tests.study.cases import InventedWork

def command(options, console):
    folder = Path(sys.argv[1])
    with Executor(ProcessWorkers(1, folder / "log"), print) as pool:
        for row in pool.run(InventedWork(folder, 60.0), lambda: [Job("digits", "Adam", "tune", 0.1, 0)]):
            raise AssertionError(row)

if __name__ == "__main__":
    cli.add_commands = lambda commands: commands.add_parser("wait").set_defaults(command=command)
    sys.exit(cli.main(["wait"]))
"""


def await_worker(folder: Path) -> int:
    """The process id of the worker, once it runs."""
    noted = folder / "ran.txt"
    await_that(lambda: noted.exists() and " " in noted.read_text(), 60)
    return int(noted.read_text().split()[0])


def await_that(holds, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def is_gone(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return True
    return state == "Z"  # Ended, and not yet asked for by the process that took it over.


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_workers_end_in_the_middle_of_a_run_when_their_parent_is_told_to_or_killed(tmp_path: Path) -> None:
    script = tmp_path / "command.py"
    script.write_text(COMMAND)
    ways = {signal.SIGTERM: 143, signal.SIGKILL: -signal.SIGKILL}
    begun = {}
    for number in ways:
        folder = tmp_path / number.name
        folder.mkdir()
        begun[number] = subprocess.Popen(
            [sys.executable, script, folder],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
    workers = {number: await_worker(tmp_path / number.name) for number in ways}
    for number, process in begun.items():
        process.send_signal(number)
        said, _ = process.communicate(timeout=20)
        assert process.returncode == ways[number], said
        assert "Traceback" not in said
        assert ("Ended by SIGTERM. Every finished run is kept" in said) == (number == signal.SIGTERM)
    for worker in workers.values():
        await_that(lambda worker=worker: is_gone(worker), 10)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_what_is_open_is_put_away_before_a_process_ends(
    number: signal.Signals, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    put_away = []

    def told_to_end(options: object, console: object) -> None:
        try:
            os.kill(os.getpid(), number)
            time.sleep(10)
        finally:
            put_away.append(True)

    before = signal.getsignal(number)
    monkeypatch.setattr(
        cli, "add_commands", lambda commands: commands.add_parser("x").set_defaults(command=told_to_end)
    )
    assert cli.main(["x"]) == 128 + number
    assert put_away == [True]
    assert f"Ended by {number.name}. Every finished run is kept" in capsys.readouterr().err
    assert signal.getsignal(number) is before


def test_a_second_signal_ends_at_once_and_one_without_effect_stays_so() -> None:
    def twice() -> None:
        with terminations_raised():
            try:
                os.kill(os.getpid(), signal.SIGTERM)
                time.sleep(10)
            except Terminated:
                os.kill(os.getpid(), signal.SIGTERM)
                time.sleep(10)

    def nohup() -> None:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        with terminations_raised():
            os.kill(os.getpid(), signal.SIGHUP)
        leave_signals_to_parent()
        os.kill(os.getpid(), signal.SIGHUP)
        os.kill(os.getpid(), signal.SIGINT)

    def forked_by_one_that_hears() -> None:
        with terminations_raised():
            leave_signals_to_parent()
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(10)

    assert in_child(twice) == -signal.SIGTERM
    assert in_child(nohup) == 0
    assert in_child(forked_by_one_that_hears) == -signal.SIGTERM


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_that_the_garbage_collector_drops_is_sent_again(number: signal.Signals) -> None:
    calls = []

    def callback(phase: str, info: dict[str, int]) -> None:
        del info
        if phase == "start" and not calls:
            calls.append(phase)
            signal.raise_signal(number)

    def wait() -> None:
        with terminations_raised():
            gc.collect()
            time.sleep(10)

    gc.callbacks.append(callback)
    try:
        with pytest.raises((Terminated, KeyboardInterrupt)):
            wait()
    finally:
        gc.callbacks.remove(callback)
    assert calls == ["start"]


def test_what_else_is_dropped_is_told_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda unraisable: told.append(repr(unraisable.exc_value)))

    class Broken:
        def __del__(self) -> None:
            raise ValueError("a finalizer's")

    with terminations_raised():
        Broken()
    assert told == ["""ValueError("a finalizer's")"""]
