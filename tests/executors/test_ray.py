"""Jobs on a Ray cluster: the results of one process, whoever dies on the way."""

import os
import subprocess
import sys
from contextlib import ExitStack, suppress
from importlib.util import find_spec
from pathlib import Path

import pytest

from paper_optimizers import get, names
from reproduce.errors import DataError, ReproduceError, WorkerError
from reproduce.executors import ray_cluster
from reproduce.executors.executor import Executor
from reproduce.executors.ray import RayWorkers
from reproduce.executors.ray_cluster import short_folder
from reproduce.libraries import known_environment
from reproduce.machine import cpu_name, engine_device_name
from reproduce.tasks.scoring import score_all
from reproduce.tasks.trainer import Candidate
from tests.executors.fake_work import FakeWork, outcome_of
from tests.settings_of_users import HOSTILE, moving

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("ray") is None, reason="the extra cluster is not installed"),
]

ROOT = Path(__file__).resolve().parents[2]
CANDIDATES = [Candidate(get(name), seed) for seed, name in enumerate(names())]
EXPECTED = [(index, outcome_of(candidate)) for index, candidate in enumerate(CANDIDATES)]


def descendants(ancestor: int) -> list[Path]:
    """The folders under /proc of a process' children, their children, and so on."""
    children: dict[int, list[Path]] = {}
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(process)
    found, asked = [], [ancestor]
    while asked:
        below = children.get(asked.pop(), [])
        found += below
        asked += [int(process.name) for process in below]
    return found


def listening_beyond_loopback() -> set[str]:
    """Local addresses, other than loopback, on which the processes of Ray that this one began listen."""
    inodes = {}
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A":
                inodes[fields[9]] = fields[1].partition(":")[0]
    loopback = {"0100007F", "0000000000000000FFFF00000100007F", "00000000000000000000000001000000"}
    found = set()
    for process in descendants(os.getpid()):
        try:
            links = [str(link.readlink()) for link in (process / "fd").iterdir()]
        except OSError:
            continue
        found |= {inodes[link[8:-1]] for link in links if link.startswith("socket:[") and link[8:-1] in inodes}
    assert found, "no process of Ray listens anywhere: the test looks in the wrong place"
    return found - loopback


def results(pool, candidates=CANDIDATES, **work):
    return sorted(score_all(pool, FakeWork(**work), candidates), key=lambda answer: answer[0])


def bring_up(pool):
    """Have both workers up."""
    while not (len(pool._workers) == 2 and all(worker.is_up for worker in pool._workers)):
        results(pool, CANDIDATES[:8], seconds=0.1)


@pytest.fixture(scope="module")
def workers():
    """Two of a cluster that was begun where the user has set what would move numbers."""
    notices = []
    with ExitStack() as held:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in HOSTILE.items():
                patch.setenv(name, value)
            pool = held.enter_context(Executor(RayWorkers(count=2), notices.append))
            pool.notices = notices
            bring_up(pool)
        yield pool


@pytest.mark.parametrize("batch", [3, 1000])
def test_scores_are_those_of_one_process(workers, tmp_path, batch):
    assert results(workers, batch=batch, seconds=0.02, seen=str(tmp_path)) == EXPECTED
    assert results(workers, []) == []
    counts = {path.name: sum(map(int, path.read_text().split())) for path in tmp_path.iterdir()}
    assert len(counts) == 2
    assert sum(counts.values()) == len(CANDIDATES)


def test_the_device_is_the_workers(workers):
    assert workers.ask(engine_device_name) == cpu_name()


def its_environment():
    return dict(os.environ)


def test_what_the_user_has_set_is_put_aside_in_workers(workers):
    found = workers.ask(its_environment)
    assert found["PYTHONHASHSEED"] == HOSTILE["PYTHONHASHSEED"], "the cluster was begun in another environment"
    assert moving(found) == moving(known_environment(threads=None if workers.source.has_gpus else 1))
    assert known_environment(found, threads=1) == found


def test_nothing_listens_beyond_this_machine(workers):
    assert listening_beyond_loopback() == set()


def test_what_is_given_up_half_way_disturbs_nothing(workers):
    next(score_all(workers, FakeWork(2, 0.05), CANDIDATES))
    assert results(workers, batch=4) == EXPECTED


def test_what_a_worker_lacks_is_said_as_it_would_be_here(workers):
    with pytest.raises(DataError, match="no data set on this node"):
        results(workers, fails=True)


def test_what_a_worker_raises_is_told_by_type_and_last_line_with_its_candidates(workers):
    with pytest.raises(WorkerError) as told:
        results(workers, CANDIDATES[:4], batch=2, raises=CANDIDATES[1].spec.to_text())
    assert str(told.value) == f"{CANDIDATES[0]} and 1 more ended with FloatingPointError: its end"
    assert results(workers, batch=9) == EXPECTED


def test_what_a_worker_warns_of_is_said_here_once(workers):
    said = len(workers.notices)
    assert results(workers, CANDIDATES[:4], batch=2, warns="half of them at once") == EXPECTED[:4]
    assert workers.notices[said:] == ["half of them at once"]
    workers.notices.clear()


def test_a_batch_that_ends_its_workers_is_given_up(workers):
    deadly = CANDIDATES[0]
    with pytest.raises(WorkerError, match=r"a second worker died \(.*\) while running .* with seed 0: see Ray's logs"):
        results(workers, CANDIDATES[:4], batch=2, deadly=deadly.spec.to_text())
    assert len(workers.notices) == 1
    assert f"while running {deadly} and 1 more: running it once more" in workers.notices[0]
    assert results(workers, batch=9) == EXPECTED


def test_a_node_killed_mid_run_costs_nothing(workers, tmp_path):
    workers.source.close(())
    from ray.cluster_utils import Cluster

    health = {"health_check_initial_delay_ms": 0, "health_check_period_ms": 500, "health_check_failure_threshold": 3}
    node = {
        "node_ip_address": "127.0.0.1",
        "num_cpus": 1,
        "object_store_memory": 80 * 2**20,
        "include_dashboard": False,
    }
    cluster = Cluster(initialize_head=True, head_node_args={**node, "_system_config": health})
    notices = []
    try:
        doomed = cluster.add_node(**node)
        cluster.wait_for_nodes()
        with Executor(RayWorkers(cluster.address), notices.append) as there:
            assert there.source.size == 2
            bring_up(there)
            candidates = [Candidate(get(name), seed) for seed in range(8) for name in names()]
            answers = score_all(there, FakeWork(4, 0.02, str(tmp_path)), candidates)
            found = []
            while len(list(tmp_path.iterdir())) < 2:
                found.append(next(answers))
            assert len(found) < len(candidates) - 16, "both workers were to be at work by now"
            cluster.remove_node(doomed, allow_graceful=False)
            found += answers
    finally:
        cluster.shutdown()
    expected = [(index, outcome_of(candidate)) for index, candidate in enumerate(candidates)]
    assert sorted(found, key=lambda answer: answer[0]) == expected
    assert len(notices) == 1
    assert "a worker died" in notices[0]
    assert len(list(tmp_path.iterdir())) == 2


#: Asks for workers and prints what it is told; a process of its own may be one whose Ray knows nothing yet.
ASKING = """
from reproduce.errors import ReproduceError
from reproduce.executors.ray import RayWorkers
try:
    RayWorkers()
except ReproduceError as error:
    print(error)
"""


def told(program, without, **environment):
    kept = {name: value for name, value in os.environ.items() if name != without} | environment
    command = [sys.executable, "-c", program]
    return subprocess.run(command, cwd=ROOT, env=kept, capture_output=True, text=True, check=True).stdout


def test_a_process_that_imported_ray_before_is_refused_before_anything_listens():
    said = told(f"import ray\nray.init = None\n{ASKING}", without="RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER")
    assert "Start the search in a process of its own, or set RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER=0" in said


def test_a_home_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "home").write_text("no folder")
    said = told(ASKING, without="RAY_AUTH_TOKEN", HOME=str(tmp_path / "home"))
    assert said.startswith("Ray cannot start: [Errno 20] Not a directory: ")
    assert "set HOME and TMPDIR to folders that can be written" in said


def test_a_folder_for_temporary_files_with_a_long_path_is_reached_by_a_short_link(tmp_path, monkeypatch):
    with short_folder(tmp_path / "ray", longest=len(os.fsencode(tmp_path / "ray"))) as folder:
        assert folder == tmp_path / "ray"
    long = tmp_path / ("x" * 75) / "ray"
    with short_folder(long) as link:
        socket_ = link / "session_2026-01-01_00-00-00_000000_4194304" / "sockets" / "plasma_store"
        assert len(os.fsencode(socket_)) <= 103
        (link / "records").write_text("kept")
        assert link.parent.stat().st_mode & 0o777 == 0o700
    assert not link.parent.exists()
    assert (long / "records").read_text() == "kept"
    monkeypatch.setattr(ray_cluster, "_SHORT", (str(tmp_path / "none"),))
    with (
        pytest.raises(
            ReproduceError, match=r"is \d+ bytes long, and Ray's sockets leave room for 39; set TMPDIR to a s"
        ),
        short_folder(long),
    ):
        pytest.fail("there was room")
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(ReproduceError, match=r"cannot write .*; set TMPDIR to a"),
        short_folder(tmp_path / "file" / "ray"),
    ):
        pytest.fail("it was made")


def test_a_cluster_that_does_not_come_up_in_time_is_said(monkeypatch):
    import ray

    def init(**_):
        raise Exception("The current node timed out during startup.")

    monkeypatch.setattr(ray, "init", init)
    with pytest.raises(
        ReproduceError, match=r"^Ray cannot start: The current node timed out during startup\. Start again"
    ):
        RayWorkers(address="auto")


def test_no_cluster_and_no_ray_are_said(monkeypatch):
    with pytest.raises(ReproduceError, match=r"no Ray cluster at 127\.0\.0\.1:1"):
        RayWorkers(address="127.0.0.1:1")
    monkeypatch.setattr(ray_cluster, "find_spec", lambda name: None)
    with pytest.raises(ReproduceError, match=r"paper-optimizers\[cluster\]"):
        RayWorkers()
