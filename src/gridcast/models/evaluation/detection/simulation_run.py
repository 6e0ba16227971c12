"""A run of the detectors over a simulated grid, as in a worker, with all detections recorded."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gridcast.models.alarms import AlarmBoard, FloodLimit, Key, Sign
from gridcast.models.detection.condition_builder import DETECTED, ConditionBuilder
from gridcast.models.detection.grid_facts import declared_series
from gridcast.models.detection.observations import NO_GROUP
from gridcast.models.detection.watch import ReadingWatch
from gridcast.models.evaluation.detection.scoring import (
    SCORED_FAULTS,
    WITHIN_MS,
    LabelledFault,
    false_alarms,
    score_by_kind,
)
from gridcast.models.grid import Grid
from gridcast.models.partition import Partition, Tick
from gridcast.models.serving import TickContext
from gridcast.models.simulator import Simulation
from gridcast.models.simulator.arrivals import Arrivals, Labels
from gridcast.models.simulator.faults import KINDS, FaultKind
from gridcast.models.tick_forecaster import TickForecaster
from gridcast.models.windows import WindowSpec
from gridcast.schemas import Alarm, AlarmChange
from gridcast.schemas.columns import ReadingColumns
from gridcast.units import DAY_MS, HOUR_MS, MINUTE_MS

FEED = "trial/0"
LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
SPEC = WindowSpec(step_minutes=15, days=8)
NO_FLOODS = FloodLimit(alarms=1_000_000_000)
"""Limit without flood protection: every alarm is scored, so none may be folded into one."""


@dataclass(slots=True)
class SimulationResult:
    """The alarms of a simulated grid, and the labels of its faults."""

    alarms: list[Alarm] = field(default_factory=list)
    seen: list[tuple[Key, int]] = field(default_factory=list)
    """Time at which each condition appeared, ms."""
    labels: list[Labels] = field(default_factory=list)
    looks: int = 0


class SimulationRun:
    """One run of the detectors over a simulated grid.

    A forecast is made every hour and applies to the hour after it. One at every step would take
    too long for a year of a thousand series.

    Parameters
    ----------
    simulation
        The grid.
    """

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        grid = Grid()
        for declared in simulation.grid.series:
            grid.declare(declared)
        self.names = simulation.grid.ids
        self._beside = TickContext(grid)
        self.declared = declared_series(self.names, grid)
        self._forecaster = TickForecaster(SPEC, 1, LEVELS)
        self._partition = Partition(SPEC, 0)
        self._partition.windows.roster.rows(self.names)  # so that rows are alike everywhere
        self._watch = ReadingWatch(steps=4)  # a forecast stands for the hour after it
        self._board = AlarmBoard(FEED, limit=NO_FLOODS)
        self._up: set[Key] = set()
        self.kept = SimulationResult()

    def run(self, start_ms: int, end_ms: int) -> Iterator[int]:
        """Watch a span of time; yield the time reached after every hour."""
        tick_ms = start_ms
        for chunk in self._simulation.chunks(start_ms, end_ms):
            self.kept.labels.append(chunk.labels)
            arrivals = chunk.arrivals
            cuts = np.searchsorted(
                arrivals.arrival_ms, np.arange(tick_ms, chunk.until_ms + 1, MINUTE_MS)
            )
            begin = folded = 0
            for cut in cuts.tolist():
                self._show(arrivals.take(slice(begin, cut)))
                begin = cut
                if tick_ms % HOUR_MS == 0:
                    self._fold(arrivals.take(slice(folded, cut)))
                    folded = cut
                    self._forecast(tick_ms)
                self._look(tick_ms)
                tick_ms += MINUTE_MS
            self._show(arrivals.take(slice(begin, None)))
            self._fold(arrivals.take(slice(folded, None)))
            self._watch.changes()  # discarded: the records of a year are 17 GB
            yield tick_ms

    def _show(self, arrivals: Arrivals) -> None:
        if len(arrivals):
            rows = arrivals.series.astype(np.intp)
            self._watch.take(rows, arrivals.value, arrivals.time_ms, arrivals.arrival_ms)

    def _fold(self, arrivals: Arrivals) -> None:
        """Fold readings into the windows in bulk: only forecasts read those."""
        names = self.names
        readings = ReadingColumns(
            [names[row] for row in arrivals.series.tolist()],
            arrivals.time_ms,
            arrivals.value,
            arrivals.quality,
            arrivals.revision,
        )
        self._partition.windows.fold(readings)

    def _look(self, tick_ms: int) -> None:
        readings, result = self._watch.look(tick_ms, self.declared)
        conditions = ConditionBuilder(
            result, readings, self.declared, self.names, FEED
        ).conditions()
        self.kept.alarms += self._board.judge(tick_ms, conditions, DETECTED)
        up = {condition.key for condition in conditions if condition.sign is Sign.ON}
        self.kept.seen += [(key, tick_ms) for key in sorted(up - self._up)]
        self._up = up
        self.kept.looks += 1

    def _forecast(self, tick_ms: int) -> None:
        windows = self._partition.windows
        if not len(windows):
            return
        windows.advance(tick_ms)
        forecasts = self._forecaster.forecast(self._partition, Tick(tick_ms), self._beside)
        self._watch.expect(forecasts)


def summarise_run(trial: SimulationRun, begin_ms: int, end_ms: int) -> dict[str, Any]:
    """Return recall, precision and false alarms of a run, for faults from `begin_ms` on."""
    names, declared, kept = trial.names, trial.declared, trial.kept
    above = {
        name: (declared.parents[group], *declared.above[group])
        for name, group in zip(names, declared.group.tolist(), strict=True)
        if group != NO_GROUP
    }
    labels = Labels.join(kept.labels)
    faults = [
        LabelledFault(_kind(kind, magnitude), names[row], from_ms, to_ms)
        for kind, row, from_ms, to_ms, magnitude in zip(
            labels.kind.tolist(),
            labels.series.tolist(),
            labels.from_ms.tolist(),
            labels.to_ms.tolist(),
            labels.magnitude.tolist(),
            strict=True,
        )
    ]
    last_ms = end_ms - WITHIN_MS
    scored_faults = [fault for fault in faults if begin_ms <= fault.from_ms < last_ms]
    scores = score_by_kind(scored_faults, kept.seen, above)
    raised = [
        ((alarm.kind, alarm.series), round(alarm.raised_at.timestamp() * 1000))
        for alarm in kept.alarms
        if alarm.change is AlarmChange.RAISED
    ]
    raised = [(key, at_ms) for key, at_ms in raised if at_ms >= begin_ms]
    false = false_alarms(faults, raised, above)
    days = (end_ms - begin_ms) / DAY_MS
    scored = [score for score in scores if score.kind in SCORED_FAULTS]
    labelled = sum(score.faults for score in scored)
    a_series_day = len(false) / (len(names) * days)
    return {
        "series": len(names),
        "days": days,
        "faults": sum(score.faults for score in scores),
        "recall": sum(score.found for score in scored) / labelled if labelled else None,
        "alarms": len(raised),
        "precision": 1 - len(false) / len(raised) if raised else None,
        "false_alarms": len(false),
        "false_alarms_a_series_day": a_series_day,
        "false_alarms_a_week_and_series": 7 * a_series_day,
        "kinds": {
            score.kind: {
                "faults": score.faults,
                "found": score.found,
                "recall": score.recall,
                "delay_minutes": score.delay_minutes,
            }
            for score in scores
        },
    }


def _kind(kind: int, magnitude: float) -> str:
    is_drop = KINDS[kind] is FaultKind.SPIKE and magnitude < 0
    return "drop" if is_drop else KINDS[kind].value
