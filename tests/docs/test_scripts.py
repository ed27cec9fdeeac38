"""The scripts of artifact/SCALING.md, run by a shell whose programs only note how they were called."""

import argparse
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

from reproduce.commands import add_commands
from tests.docs.pages import ROOT, Block, blocks, lines, pages

SCALING = blocks(ROOT / "artifact" / "SCALING.md")
#: Runs what it is given, as Slurm would on a node; hosts have names; nobody waits.
SCRIPTS = {
    "srun": 'while [[ "$1" == --* ]]; do shift; done; exec "$@"',
    "scontrol": "printf 'node1\\nnode2\\n'",
    "hostname": "echo 10.0.0.1",
    "sleep": "true",
    "kubectl": 'if [[ "$1 $2" == "get pods" ]]; then echo pod/head; else echo "kubectl $*" >> "$CALLS"; fi',
    ".venv/bin/ray": 'echo "ray $*" >> "$CALLS"',
    ".venv/bin/python": 'echo "python $*" >> "$CALLS"',
}


def only(language: str) -> Block:
    (found,) = [block for block in SCALING if block.language == language]
    return found


def run(script: str, folder: Path, expected: int) -> list[list[str]]:
    """The words of each call that a script makes, in no order."""
    bash = shutil.which("bash")
    assert bash is not None
    for name, text in SCRIPTS.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!{bash}\n{text}\n")
        path.chmod(0o755)
    noted = folder / "calls"
    environment = {
        "PATH": f"{folder}:{os.environ['PATH']}",
        "CALLS": str(noted),
        "SLURM_JOB_NODELIST": "node[1-2]",
        "SLURM_JOB_NUM_NODES": "2",
    }
    subprocess.run([bash, "-c", script], cwd=folder, env=environment, check=True, timeout=60)
    deadline = time.monotonic() + 60  # What it leaves in the background may be later.
    while len(found := noted.read_text().splitlines()) < expected:
        assert time.monotonic() < deadline, found
        time.sleep(0.05)
    return [line.split() for line in found]


def parsed(words: list[str]) -> argparse.Namespace:
    """The program's arguments, which follow its name."""
    parser = argparse.ArgumentParser()
    add_commands(parser.add_subparsers(required=True))
    return parser.parse_args(words[words.index("reproduce") + 1 :])


def test_the_slurm_script_starts_a_cluster_and_searches_on_it(tmp_path: Path) -> None:
    script = only("bash").text
    assert script.startswith("#!/bin/bash\n#SBATCH --nodes=8 ")
    *rays, search = sorted(run(script, tmp_path, 4), key=lambda words: words[0] == "python")
    assert sorted(words[1:3] for words in rays) == [
        ["get-auth-token", "--generate"],
        ["start", "--address=10.0.0.1:6379"],
        ["start", "--head"],
    ]
    options = parsed(search)
    assert (options.executor, options.address, options.workers) == ("ray", "10.0.0.1:6379", 16)
    assert options.profile == "paper"


#: Prints the options of each of Ray's commands; a program of its own, for a process that has imported Ray can no longer
#: start a cluster that listens on the loopback interface alone.
OPTIONS_OF_RAY = """
import json
from ray.scripts.scripts import cli
options = {
    name: [option for each in command.params for option in (*each.opts, *each.secondary_opts)]
    for name, command in cli.commands.items()
}
print(json.dumps(options))
"""


@pytest.mark.skipif(find_spec("ray") is None, reason="the extra cluster is not installed")
def test_ray_knows_the_options_it_is_given(tmp_path: Path) -> None:
    program = [sys.executable, "-c", OPTIONS_OF_RAY]
    known = json.loads(subprocess.run(program, capture_output=True, check=True).stdout)
    calls = [words[1:] for words in run(only("bash").text, tmp_path, 4) if words[0] == "ray"]
    assert calls
    for command, *options in calls:
        assert {option.split("=")[0] for option in options} <= set(known[command])


def test_the_kubernetes_commands_in_a_shell_with_their_programs_replaced(tmp_path: Path) -> None:
    (block,) = [each for each in SCALING if "kubectl" in each.text]
    apply, execute = run("\n".join(lines(block)), tmp_path, 2)
    assert apply == ["kubectl", "apply", "--filename", "cluster.yaml"]
    assert execute[1:6] == ["exec", "--stdin", "--tty", "pod/head", "--"]
    options = parsed(execute)
    assert (options.executor, options.address, str(options.output)) == ("ray", "auto", "/volume/output")
    cluster = yaml.safe_load(only("yaml").text)
    assert f"ray.io/cluster={cluster['metadata']['name']}," in block.text
    groups = [cluster["spec"]["headGroupSpec"], *cluster["spec"]["workerGroupSpecs"]]
    for group in groups:
        (container,) = group["template"]["spec"]["containers"]
        assert container["volumeMounts"][0]["mountPath"] == "/volume"


def test_the_versions_of_ray_are_the_locked_one() -> None:
    locked = re.search(r"^ray==([\d.]+)", (ROOT / "requirements" / "gpu.txt").read_text("utf-8"), re.MULTILINE)[1]
    assert f"ray[default]=={locked}" in only("dockerfile").text
    assert yaml.safe_load(only("yaml").text)["spec"]["rayVersion"] == locked


def test_the_image_builds_on_the_one_that_make_builds() -> None:
    image = re.search(r"^FROM (\S+)", only("dockerfile").text)[1]
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert f"IMAGE := {image.removesuffix('gpu')}$(KIND)" in makefile


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_block_is_of_a_kind_that_is_tested(page: Path) -> None:
    tested = {
        "": True,  # tests/docs/test_commands.py
        "python": page.parent.name == "tutorials" or page.name == "README.md",  # test_pages, tests/paper_optimizers
        "bash": page.name == "SCALING.md",
        "dockerfile": page.name == "SCALING.md",
        "yaml": page.name == "SCALING.md",
        "bibtex": page.name == "README.md",
        "text": page.name == "spec.md",  # test_words
        "toml": page.name in ("search.md", "claim.md"),  # tests/study: test_protocol.py, test_looks.py
    }
    for block in blocks(page):
        assert tested.get(block.language), (block.language, shlex.quote(block.text[:80]))
