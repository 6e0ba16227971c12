"""Garbage collection of a long-lived process: rarely, and without the objects that stay.

A collection stops all threads: in a gateway with 10,000 forecasts, for a quarter of a second.
"""

import gc

COLLECT_EVERY = 100_000
"""Allocations between two collections. One fetch allocates ten thousand objects, none of them in a
cycle; with Python's 700, collecting took half of a worker's time (`bench/throughput`)."""


def tune_gc() -> None:
    """Collect rarely, and exclude what has been imported."""
    gc.freeze()
    gc.set_threshold(COLLECT_EVERY)


def collect_and_freeze() -> None:
    """Collect once more, and exclude what is left from later collections."""
    gc.collect()
    gc.freeze()
