"""Fault injection: the effect of each lasting fault on a block of readings."""

from dataclasses import dataclass

import numpy as np

from gridcast.models.simulator.faults import KINDS, Episodes, FaultKind
from gridcast.models.simulator.types import Bools, Floats, Ints
from gridcast.units import SECOND_MS


@dataclass(frozen=True, slots=True)
class Block:
    """The readings of a block before they are sent: [series, steps]."""

    slot_ms: Ints  # true time of each column
    step_ms: int
    value: Floats
    time_ms: Ints
    arrival_ms: Ints
    sent: Bools
    struck: Bools  # touched by a lasting fault


def inject_faults(block: Block, episodes: Episodes, magnitude: Floats) -> None:
    """Apply the faults of the episodes to the block."""
    steps = len(block.slot_ms)
    first = np.maximum((episodes.start_ms - block.slot_ms[0]) // block.step_ms, 0)
    last = np.minimum((episodes.end_ms - block.slot_ms[0]) // block.step_ms, steps)
    for episode in range(len(episodes)):
        where = (int(episodes.row[episode]), slice(int(first[episode]), int(last[episode])))
        block.struck[where] = True
        span_ms = (int(episodes.start_ms[episode]), int(episodes.end_ms[episode]))
        _strike_one(block, KINDS[episodes.kind[episode]], where, span_ms, float(magnitude[episode]))


def _strike_one(
    block: Block,
    kind: FaultKind,
    where: tuple[int, slice],
    span_ms: tuple[int, int],
    magnitude: float,
) -> None:
    value = block.value
    slot_ms = block.slot_ms[where[1]]
    start_ms, end_ms = span_ms
    match kind:
        case FaultKind.GAP | FaultKind.DEAD_FEEDER:
            block.sent[where] = False
        case FaultKind.FLATLINE:
            value[where] = magnitude
        case FaultKind.SPIKE:
            value[where] = np.round(value[where] + magnitude, 3)
        case FaultKind.UNIT | FaultKind.LEVEL:
            value[where] = np.round(value[where] * magnitude, 3)
        case FaultKind.DRIFT:
            share = (slot_ms - start_ms) / (end_ms - start_ms)
            value[where] = np.round(value[where] * (1 + magnitude * share), 3)
        case FaultKind.CLOCK:
            block.time_ms[where] += int(magnitude * SECOND_MS)
        case FaultKind.BACKLOG:
            block.arrival_ms[where] += end_ms - slot_ms
        case _:
            raise AssertionError(kind)
