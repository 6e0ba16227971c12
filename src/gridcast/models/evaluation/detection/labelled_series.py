"""Detection in single labelled series: the matches of a detector that sees only the readings."""

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
    """One series with labels."""

    name: str
    time_ms: npt.NDArray[np.int64]
    value: npt.NDArray[np.float64]
    label: npt.NDArray[np.int64]
    """1 inside an anomalous window."""


@dataclass(frozen=True, slots=True)
class LabelMatches:
    """Matches of detections and labels over some series."""

    windows: int
    found: int
    false_alarms: int
    weeks: float
    """Sum over all series."""
    delay_minutes: float | None
    """Median over the windows found."""

    @property
    def recall(self) -> float | None:
        """Share of the windows with a detection."""
        return self.found / self.windows if self.windows else None

    @property
    def precision(self) -> float | None:
        """Share of the windows found among these and the false alarms."""
        detections = self.found + self.false_alarms
        return self.found / detections if detections else None

    @property
    def false_alarms_a_week(self) -> float:
        """False alarms per week and series."""
        return self.false_alarms / self.weeks if self.weeks else 0.0


def novelty_stream(series: LabelledSeries) -> Stream:
    """Return the detector's scores of a series, with its labelled windows."""
    novelty = Novelty()
    scores = [novelty.update(value) for value in series.value.tolist()]
    return Stream(np.array(scores), windows_of(series.label))


def match_labels(
    series: Iterable[LabelledSeries], streams: Sequence[Stream], threshold: float
) -> LabelMatches:
    """Match the detections above a threshold with the labels, after the probation period."""
    windows = hits = false = 0
    weeks, delays = 0.0, []
    for labelled, stream in zip(series, streams, strict=True):
        begin = probation(len(labelled.value))
        detections = np.flatnonzero(stream.scores[begin:] >= threshold) + begin
        weeks += float(labelled.time_ms[-1] - labelled.time_ms[begin]) / WEEK_MS
        false += int((labelled.label[detections] == 0).sum())
        for first, last in stream.windows:
            if last < begin:
                continue
            windows += 1
            inside = detections[(detections >= first) & (detections <= last)]
            if len(inside):
                hits += 1
                delay_ms = labelled.time_ms[inside[0]] - labelled.time_ms[max(first, begin)]
                delays.append(float(delay_ms) / MINUTE_MS)
    return LabelMatches(windows, hits, false, weeks, median(delays) if delays else None)
