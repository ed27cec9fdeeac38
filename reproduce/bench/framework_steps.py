"""Training steps of one framework, timed in a process of its own.

Run as ``python -m reproduce.bench.framework_steps FRAMEWORK FORM SIZE``: a key of `LOOPS`, a form that its module
knows, and a `reproduce.bench.step_sizes.StepSize` as JSON. Each line that comes in says how many times the loop is
called; one with the steps that were taken, the processor's seconds and the most memory so far goes out.
"""

from __future__ import annotations

import importlib
import json
import resource
import sys
import time
from typing import Any

from reproduce.bench.asked import answer_lines
from reproduce.bench.step_sizes import StepSize
from reproduce.libraries import enter_known_keras, num_threads
from reproduce.plain_data import from_plain

#: The module whose ``make_loop`` makes a framework's loop.
LOOPS = {"torch": "loop_torch", "optax": "loop_optax", "keras": "loop_keras"}


def main(framework: str, form: str, size: StepSize) -> None:
    """Answer whatever is asked, until nothing can come any more."""
    if framework == "torch":
        import torch

        torch.set_num_threads(num_threads())
    if framework == "keras":
        enter_known_keras()
    loop = importlib.import_module(f"reproduce.bench.{LOOPS[framework]}").make_loop(size, form)

    def answer(asked: dict[str, Any]) -> dict[str, Any]:
        start = time.process_time()
        done = sum(loop() for _ in range(asked["times"]))
        peak = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return {"done": done, "cpu_seconds": time.process_time() - start, "peak_bytes": peak}

    answer_lines(answer)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], from_plain(StepSize, json.loads(sys.argv[3])))
