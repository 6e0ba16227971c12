"""A single series with labels: what a detector that has only its readings finds of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np
import numpy.typing as npt

from gridcast.models.detection.novelty import Novelty
from gridcast.models.evaluation.detection.nab import Stream, probation, windows_of
from gridcast.units import MINUTE_MS, WEEK_MS


@dataclass(frozen=True, slots=True)
class LabelledSeries:
    """One series."""

    name: str
    time_ms: npt.NDArray[np.int64]
    value: npt.NDArray[np.float64]
    label: npt.NDArray[np.int64]
    """1 inside of a window in which something is wrong."""


@dataclass(frozen=True, slots=True)
class LabelMatches:
    """What was found of the labels of some series."""

    windows: int
    found: int
    false_alarms: int
    weeks: float
    """Of all series together."""
    delay_minutes: float | None
    """Median, of those found."""

    @property
    def recall(self) -> float | None:
        """Share of the windows in which something was said."""
        return self.found / self.windows if self.windows else None

    @property
    def precision(self) -> float | None:
        """Share of windows found among these and false alarms."""
        said = self.found + self.false_alarms
        return self.found / said if said else None

    @property
    def false_alarms_a_week(self) -> float:
        """Of one series."""
        return self.false_alarms / self.weeks if self.weeks else 0.0


def novelty_stream(series: LabelledSeries) -> Stream:
    """Let the detector look at a series."""
    novelty = Novelty()
    scores = [novelty.update(value) for value in series.value.tolist()]
    return Stream(np.array(scores), windows_of(series.label))


def found(
    series: Iterable[LabelledSeries], streams: Sequence[Stream], threshold: float
) -> LabelMatches:
    """Judge what was said from a threshold on, after the time for learning."""
    windows = hits = false = 0
    weeks, delays = 0.0, []
    for one, stream in zip(series, streams, strict=True):
        begin = probation(len(one.value))
        said = np.flatnonzero(stream.scores[begin:] >= threshold) + begin
        weeks += float(one.time_ms[-1] - one.time_ms[begin]) / WEEK_MS
        false += int((one.label[said] == 0).sum())
        for first, last in stream.windows:
            if last < begin:
                continue
            windows += 1
            inside = said[(said >= first) & (said <= last)]
            if len(inside):
                hits += 1
                delay_ms = one.time_ms[inside[0]] - one.time_ms[max(first, begin)]
                delays.append(float(delay_ms) / MINUTE_MS)
    return LabelMatches(windows, hits, false, weeks, median(delays) if delays else None)
