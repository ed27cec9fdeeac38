"""The report reads rows: whoever has only them needs none of the packages that train."""

import subprocess
import sys
from pathlib import Path

BLOCKED = ("jax", "jaxlib", "tensorflow", "torch", "keras")
#: Everything of the committed search is read, and no engine is at hand.
PROGRAM = f"""
import sys
from pathlib import Path


class Absent:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] in {BLOCKED}:
            raise ModuleNotFoundError(name)


sys.meta_path.insert(0, Absent)

from reproduce.commands import report as command
from reproduce.report.page import writer
from reproduce.report.collection import read_collection
from reproduce.report.page.report import report_of
from reproduce.report.page.search import search_results

found = read_collection(Path("artifact/results"), "smoke")
report = report_of(found, [], search_results(found))
sys.stdout.write(str(len(report.all_tables)))
"""


def test_stored_rows_are_read_without_what_trains() -> None:
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert int(done.stdout) > 20
