"""The scoring rules of the Numenta Anomaly Benchmark (NAB 1.1), re-implemented.

A stream has labelled windows. The first detection in a window scores, more if it is earlier (a
sigmoid over the window). A window without a detection costs. A detection outside a window costs:
little just behind one, the full amount far from one. The first 15 % of a stream (of 5,000 readings
at most) are a probation period and don't count. The sum is normalised: 0 for a detector without
detections, 100 for one that detects the beginning of each window. All streams share one threshold,
the one with the largest sum, as in NAB's own optimiser.

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
"""The probation period is the share above of at most this many readings."""
FAR = 3.0
"""Distance behind a window, in window lengths, from which a detection costs the full amount."""


@dataclass(frozen=True, slots=True)
class Profile:
    """The weights of detections."""

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
    """The scores and labels of one stream."""

    scores: npt.NDArray[np.float64]
    """Anomaly score of each reading."""
    windows: Sequence[tuple[int, int]]
    """First and last reading of each window."""


def scaled_sigmoid(position: float) -> float:
    """Return a detection's value by its position: -1 is a window's beginning, 0 its end.

    >>> round(scaled_sigmoid(-1.0), 5), scaled_sigmoid(0.0), scaled_sigmoid(3.5)
    (0.98661, 0.0, -1.0)
    """
    return -1.0 if position > FAR else 2 / (1 + exp(5 * position)) - 1.0


def probation(readings: int) -> int:
    """Return the length of a stream's probation period, in readings.

    >>> probation(4_032), probation(22_683)
    (604, 750)
    """
    return floor(min(floor(PROBATION * readings), PROBATION * LONGEST_PROBATION))


def detection_values(stream: Stream) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Return the unweighted value of a detection at each reading, and its window (-1: none)."""
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
    """A detector's score under one profile."""

    profile: str
    score: float
    """0 for a detector without detections, 100 for a perfect one."""
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
    """Return the windows of a column that is 1 inside them.

    >>> windows_of(np.array([0, 1, 1, 0, 0, 1]))
    [(1, 2), (5, 5)]
    """
    edge = np.flatnonzero(np.diff(np.concatenate([[0], label, [0]])))
    return [(int(first), int(last) - 1) for first, last in zip(edge[::2], edge[1::2], strict=True)]
