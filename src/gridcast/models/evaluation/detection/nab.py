"""The scoring rules of the Numenta Anomaly Benchmark (NAB 1.1), re-implemented.

A stream has windows in which something is labelled. The first detection in a window counts, the
more the earlier (a sigmoid over the window); a window without one costs; each detection outside
costs, little just behind a window and all of it far from one. The first 15 % of a stream (of 5,000
readings at most) are for learning and do not count. Of the sums over all streams, 0 is a detector
that never says anything and 100 one that is right at the beginning of each window. One threshold
serves all streams: that at which the sum is the largest, as NAB's own optimiser has it.

References
----------
A. Lavin, S. Ahmad (2015): Evaluating Real-time Anomaly Detection Algorithms: the Numenta Anomaly
Benchmark. ICMLA. https://arxiv.org/abs/1510.03336
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, floor

import numpy as np
import numpy.typing as npt

PROBATION = 0.15
LONGEST_PROBATION = 5_000
"""Readings: the share above is of no more than these."""
FAR = 3.0
"""Windows: further behind one, a detection costs all that it can."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What detections are worth."""

    name: str
    true_positive: float
    false_negative: float
    false_positive: float


PROFILES = (
    Profile("standard", 1.0, 1.0, 0.11),
    Profile("reward_low_FP_rate", 1.0, 1.0, 0.22),
    Profile("reward_low_FN_rate", 1.0, 2.0, 0.11),
)


@dataclass(frozen=True, slots=True)
class Stream:
    """One stream's scores and labels."""

    scores: npt.NDArray[np.float64]
    """How anomalous each reading is."""
    windows: Sequence[tuple[int, int]]
    """First and last reading of each window."""


def scaled_sigmoid(position: float) -> float:
    """Give the worth of a detection by where it lies: -1 is a window's beginning, 0 its end.

    >>> round(scaled_sigmoid(-1.0), 5), scaled_sigmoid(0.0), scaled_sigmoid(3.5)
    (0.98661, 0.0, -1.0)
    """
    return -1.0 if position > FAR else 2 / (1 + exp(5 * position)) - 1.0


def probation(readings: int) -> int:
    """Give how many readings at the beginning of a stream do not count.

    >>> probation(4_032), probation(22_683)
    (604, 750)
    """
    return floor(min(floor(PROBATION * readings), PROBATION * LONGEST_PROBATION))


def detection_values(stream: Stream) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Give the unweighted worth of a detection at each reading, and its window (-1: in none)."""
    size = len(stream.scores)
    value, window = np.full(size, -1.0), np.full(size, -1)
    most = scaled_sigmoid(-1.0)
    for number, (first, last) in enumerate(stream.windows):
        width = last - first + 1
        inside = np.arange(first, last + 1)
        value[inside] = [scaled_sigmoid(-(last - i + 1) / width) / most for i in inside.tolist()]
        window[inside] = number
        following = [begin for begin, _ in stream.windows if begin > last]
        until = min(following, default=size)
        for i in range(last + 1, until):
            past = (i - last) / (width - 1) if width > 1 else FAR + 1
            value[i] = scaled_sigmoid(past)
    return value, window


@dataclass(frozen=True, slots=True)
class NabScore:
    """How a detector did under one profile."""

    profile: str
    score: float
    """0: as one that says nothing; 100: perfect."""
    threshold: float
    found: int
    windows: int
    false_positives: int


def nab_score(
    streams: Sequence[Stream], profile: Profile, threshold: float | None = None
) -> NabScore:
    """Score a detector over a corpus; without a threshold, with the best one for all streams."""
    points = [_points(stream, number) for number, stream in enumerate(streams)]
    scores, value, window = (np.concatenate(part) for part in zip(*points, strict=True))
    order = np.argsort(-scores, kind="stable")
    windows = sum(len(stream.windows) for stream in streams)
    counted = len(np.unique(window[window >= 0]))
    total = -profile.false_negative * counted
    best_of: dict[int, float] = {}
    found = wrong = 0
    nothing = (total, float("inf"), 0, 0)
    best = nothing
    place = 0
    ranked = scores[order]
    while place < len(order):
        level = ranked[place]
        if threshold is not None and level < threshold:
            break
        while place < len(order) and ranked[place] == level:
            i = order[place]
            place += 1
            if window[i] < 0:
                wrong += 1
                total += profile.false_positive * value[i]
                continue
            had = best_of.get(window[i], -profile.false_negative)
            found += window[i] not in best_of
            best_of[window[i]] = max(had, profile.true_positive * value[i])
            total += best_of[window[i]] - had
        if total > best[0] or threshold is not None:
            best = (total, float(level), found, wrong)
    base, perfect = nothing[0], profile.true_positive * windows
    normal = 100 * (best[0] - base) / (perfect - base) if windows else 0.0
    return NabScore(profile.name, float(normal), best[1], best[2], windows, best[3])


def _points(
    stream: Stream, number: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    value, window = detection_values(stream)
    begin = probation(len(stream.scores))
    named = np.where(window >= 0, window + 1_000_000 * number, -1)
    return stream.scores[begin:], value[begin:], named[begin:]


def windows_of(label: npt.NDArray[np.integer]) -> list[tuple[int, int]]:
    """Read windows from a column that is 1 inside of them.

    >>> windows_of(np.array([0, 1, 1, 0, 0, 1]))
    [(1, 2), (5, 5)]
    """
    edge = np.flatnonzero(np.diff(np.concatenate([[0], label, [0]])))
    return [(int(first), int(last) - 1) for first, last in zip(edge[::2], edge[1::2], strict=True)]
