import os
import signal
import time
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest

from reproduce.errors import WorkerError
from reproduce.executors.executor import Executor
from reproduce.executors.processes import ProcessWorkers
from reproduce.study.plan import Plan
from reproduce.study.rows import Job, Row
from tests.study.cases import ENTRANTS, TINY, TWO_TASKS, InventedWork


def run_all(folder: Path, size: int, **arguments: object) -> tuple[list[Row], list[str]]:
    rows: list[Row] = []
    notices: list[str] = []
    with Executor(ProcessWorkers(size, folder / "log"), notices.append) as pool:
        for job, row in pool.run(InventedWork(folder, **arguments), lambda: Plan(TINY, ENTRANTS, rows).jobs()):
            assert job == row.job
            rows.append(row)
    return rows, notices


def ran(folder: Path) -> list[tuple[str, str]]:
    """Worker and job of each run."""
    return [tuple(line.split(" ", 1)) for line in (folder / "ran.txt").read_text().splitlines()]


def test_all_jobs_are_run_once_and_an_optimizer_keeps_to_its_worker(tmp_path: Path) -> None:
    rows, notices = run_all(tmp_path, 2, seconds=0.02)
    assert notices == []
    assert Plan(TINY, ENTRANTS, rows).jobs() == []
    assert len({row.job for row in rows}) == len(rows) == len(ran(tmp_path))
    workers = {optimizer: set() for optimizer in TINY.optimizers.names}
    for worker, job in ran(tmp_path):
        workers[job.split()[0]].add(worker)
    assert len({worker for worker, _ in ran(tmp_path)}) == 2
    # Only near the end may a free worker help with an optimizer that another has begun.
    assert sum(len(each) > 1 for each in workers.values()) <= 1


def test_a_free_worker_begins_another_task_only_where_nothing_of_the_first_waits(tmp_path: Path) -> None:
    work, waiting = InventedWork(tmp_path), Plan(TWO_TASKS, ENTRANTS[:1], []).jobs()
    begun, free = SimpleNamespace(group=work.group(waiting[0])), SimpleNamespace(group=None)
    others = [job for job in waiting if job.task == "again"]
    pool = Executor(ProcessWorkers(2, tmp_path / "log"), print)
    pool._workers = [begun, free]
    assert work.group(others[0]) != begun.group  # Which would save the free worker a compilation.
    assert pool._first(work, free, waiting) is waiting[0]
    assert pool._first(work, free, others) is others[0]


def test_a_worker_that_dies_once_is_replaced_and_its_job_run_again(tmp_path: Path) -> None:
    rows, notices = run_all(tmp_path, 2, dies_at="A1 on digits at rate 0.1,", deaths=1)
    assert Plan(TINY, ENTRANTS, rows).jobs() == []
    assert len({row.job for row in rows}) == len(rows)
    assert len(notices) == 1
    assert (
        "died (exit status 7) while running A1 on digits at rate 0.1, seed 0 (tune): running it once more" in notices[0]
    )
    assert Counter(job for _, job in ran(tmp_path))["A1 on digits at rate 0.1, seed 0 (tune)"] == 2


def test_a_job_that_kills_two_workers_is_given_up(tmp_path: Path) -> None:
    with pytest.raises(WorkerError, match=r"second worker died .* A1 on digits at rate 0.1, seed 0 \(tune\): see"):
        run_all(tmp_path, 1, dies_at="A1 on digits at rate 0.1,", deaths=2)


def test_an_exception_is_told_by_type_and_last_line_with_its_run_and_its_traceback_is_kept(tmp_path: Path) -> None:
    failing = {"raises": RuntimeError("no device\nset it to cpu\n"), "raises_at": "A1 on digits at rate 0.1,"}
    told = r"^A1 on digits at rate 0.1, seed 0 \(tune\) ended with RuntimeError: set it to cpu \(its traceback is in "
    with pytest.raises(WorkerError, match=told):
        run_all(tmp_path, 1, **failing)
    log = (tmp_path / "log").read_text()
    assert "Traceback (most recent call last)" in log
    assert "RuntimeError: no device" in log
    with pytest.raises(WorkerError, match=r"^A1 on .* rate 0.01, seed 0 \(tune\) and 2 more ended with ValueError \("):
        run_all(tmp_path, 1, batch=3, raises=ValueError(), raises_at="A1 on digits at rate 0.1,")
    assert Counter(job for _, job in ran(tmp_path))["A1 on digits at rate 0.1, seed 0 (tune)"] == 2


def test_a_package_that_is_not_installed_is_told_as_such(tmp_path: Path) -> None:
    missing = ModuleNotFoundError("No module named 'jax'", name="jax")
    with pytest.raises(ModuleNotFoundError, match="No module named 'jax'") as told:
        run_all(tmp_path, 1, raises=missing)
    assert told.value.name == "jax"


ONE = [Job("digits", "Adam", "tune", 0.1, 0)]


def await_run(folder: Path) -> None:
    while not (folder / "ran.txt").exists():
        time.sleep(0.02)


def test_leaving_early_ends_the_workers_at_once(tmp_path: Path) -> None:
    with Executor(ProcessWorkers(2, tmp_path / "log"), print) as pool:
        pool._hand_out(InventedWork(tmp_path, 60.0), Plan(TINY, ENTRANTS, []).jobs())
        assert len(pool.running()) == 2
        processes = [worker.process for worker in pool._workers]
        await_run(tmp_path)
        leaving = time.monotonic()
    assert time.monotonic() - leaving < 20
    assert not any(process.is_alive() for process in processes)


def test_what_is_given_up_half_way_disturbs_nothing(tmp_path: Path) -> None:
    with Executor(ProcessWorkers(2, tmp_path / "log"), print) as pool:
        jobs = Plan(TINY, ENTRANTS, []).jobs()
        next(pool.run(InventedWork(tmp_path, 0.3), lambda: jobs))
        assert pool.ask(os.getpid) in {worker.process.pid for worker in pool._workers}
        left = dict.fromkeys(jobs)
        for job, row in pool.run(InventedWork(tmp_path), lambda: list(left)):
            assert row.job == job
            del left[job]
    assert not left


def test_an_orphaned_worker_ends_by_itself(tmp_path: Path) -> None:
    pool = Executor(ProcessWorkers(1, tmp_path / "log"), print)
    pool._hand_out(InventedWork(tmp_path), ONE)
    (worker,) = pool._workers
    assert worker.connection.recv().answer[0].optimizer == "Adam"
    worker.connection.close()  # As when this process is gone.
    worker.process.join(10)
    assert worker.process.exitcode == 0


@pytest.mark.parametrize("starting", [True, False])
def test_an_interrupt_at_the_terminal_reaches_only_the_parent(tmp_path: Path, starting: bool) -> None:
    with Executor(ProcessWorkers(1, tmp_path / "log"), print) as pool:
        pool._hand_out(InventedWork(tmp_path, 0.0 if starting else 0.3), ONE)
        if not starting:
            await_run(tmp_path)
        (worker,) = pool._workers
        assert worker.process.pid is not None
        os.kill(worker.process.pid, signal.SIGINT)
        assert worker.connection.recv().answer[0].optimizer == "Adam"


def test_a_batch_is_of_one_group_and_dies_as_a_whole(tmp_path: Path) -> None:
    rows, notices = run_all(tmp_path, 2, dies_at="A1 on digits at rate 1,", deaths=1, batch=3)
    assert Plan(TINY, ENTRANTS, rows).jobs() == []
    assert len({row.job for row in rows}) == len(rows)
    assert len(notices) == 1
    assert "while running A1 on digits at rate 0.01, seed 0 (tune) and 2 more: running it once more" in notices[0]
    with pytest.raises(WorkerError, match=r"second worker died .* and 2 more: see"):
        run_all(tmp_path, 1, dies_at="SGD on digits at rate 1,", deaths=4, batch=3)
