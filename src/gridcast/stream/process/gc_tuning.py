"""How Python looks for garbage in a process that lives long: seldom, and not among what stays.

What it looks through it must not change meanwhile, so everybody waits: of a gateway that knows
10,000 forecasts, for a quarter of a second.
"""

import gc

LOOK_FOR_CYCLES_EVERY = 100_000
"""After so many new objects Python looks for garbage in cycles. A fetch makes ten thousand that are
in none; with Python's 700, half of a worker's time went into looking (`bench/throughput.py`)."""


def look_seldom() -> None:
    """Have it done seldom, and what was imported left out."""
    gc.freeze()
    gc.set_threshold(LOOK_FOR_CYCLES_EVERY)


def leave_out_what_is_here() -> None:
    """Clear away once more, and have what is left by then, which stays, left out from now on."""
    gc.collect()
    gc.freeze()
