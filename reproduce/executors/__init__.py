"""Executors: where jobs run. In this process, in worker processes, or on a Ray cluster, with the same results."""
