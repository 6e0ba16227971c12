"""All detectors of one partition; each call judges every series at once.

| detector | detects | its limit |
|---|---|---|
| `PitScores` | readings far above or below the forecast | tail of the series' own scores |
| `Bumps` | readings that jump away and return at once | tail of the series' own bumps |
| `Repeats` | flatlines | how often values of this series repeat |
| `Silence` | missing readings | how often readings of this series are missing |
| `limits` | impossible values, wrong units | capacity, and a thousandth of the value |
| `Clocks` | time stamps that are off | the spread of the series' own delays |
| `GroupStatistics` | groups that are silent as a whole | share of the group |
| `GroupMoves` | groups that move together | binomial test on the group's usual share |
| `Balance` | a parent that is not the sum of its parts | tail of its own differences |
| `HalfSpaceForests` | unusual combinations of a group's figures | tail of its own scores |
| `ErrorDrift` | a moved mean error, of a series or a group | Page-Hinkley test |
| `InputDrift` | a moved mean load, of a series or a group | Page-Hinkley test |
| `StationDetectors` | weather unlike its forecast; silent, stuck or drifting stations | several |

Only sound readings are learned from. A score beyond the limit is learned as if it were at the
limit. So a fault does not become normal within a day, but a lasting change eventually does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gridcast.models.detection.bumps import Bumps
from gridcast.models.detection.clocks import Clocks
from gridcast.models.detection.detector_state import DetectorState, Rows
from gridcast.models.detection.error_drift import ErrorDrift
from gridcast.models.detection.group_moves import GroupMoves
from gridcast.models.detection.group_switching import GroupSwitching
from gridcast.models.detection.groups import (
    FEWEST,
    MOST_SILENT,
    Balance,
    GroupStatistics,
    Siblings,
    group_statistics,
    group_value_of_series,
    siblings,
)
from gridcast.models.detection.half_space_trees import HalfSpaceForests, features
from gridcast.models.detection.holidays import on_holiday
from gridcast.models.detection.input_drift import InputDrift
from gridcast.models.detection.limits import is_impossible, is_other_unit
from gridcast.models.detection.observations import (
    NO_GROUP,
    NO_STATIONS,
    DeclaredSeries,
    StationObservations,
    TickReadings,
)
from gridcast.models.detection.pit_scores import DAY_S, NARROWEST, PitScores
from gridcast.models.detection.repeats import Repeats
from gridcast.models.detection.series_status import SEEN_AT_READINGS, SeriesStatus
from gridcast.models.detection.silence import Silence
from gridcast.models.detection.stations import StationDetectors, StationStates
from gridcast.models.detection.tails import TailThresholds
from gridcast.models.records import Column
from gridcast.schemas import AlarmKind
from gridcast.units import Flags, Floats

QUARTER_MS = 15 * 60_000
"""Interval at which a group's forest is updated."""
LEAST_LIMIT = np.float32(3)
"""Lower bound on every score limit, however tame the series: one in a thousand is no event."""
RARER = np.float32(0.1)
"""Factor on the risk. Loads do change, so a reading that stays far off must be further off than a
bump, and values repeat at night more often than by chance."""
BUMPS = np.float32(3)
"""Factor on the risk of bumps: judged from both sides, they err less than the tail suggests."""
LEAST_UP, LEAST_DOWN = np.float32(2.5), np.float32(1.5)
"""Smallest bumps that are reported, in usual widths. Much is switched on for a minute, but hardly
anything off for one and on again."""
LEAST_SHARE = np.float32(0.25)
"""Smallest bump that is reported, as a share of the capacity."""
STILL = np.float32(0.5)
"""Hysteresis: a score above this share of its limit does not clear the alarm yet."""
SILENT_TOGETHER = 2
"""Missing readings that count as silence in a group; a single series must miss more."""


@dataclass(frozen=True, slots=True)
class DetectionResult:
    """Findings of the detectors at one tick, one row per series."""

    measured: Floats
    """The value that is judged, kW: the newest reading, or the bump that it ended."""
    score: Floats
    high: Floats
    """Upper limit of the score."""
    low: Floats
    """Limit of the negative score."""
    on: Mapping[AlarmKind, Flags]
    """Series beyond a limit, by kind."""
    between: Mapping[AlarmKind, Flags]
    """Series within the limit that have not cleared yet, by kind."""
    moved: Flags
    """True for series whose neighbours moved as well."""
    holiday: Flags
    """True for series with a holiday today."""
    missing: Floats
    """Number of missing readings."""
    groups: GroupStatistics
    switched: Flags
    """Groups that moved at once at the full or half hour."""
    group_on: Mapping[AlarmKind, Flags]
    """Groups beyond a limit, by kind."""
    unusual: Floats
    stations: StationStates
    siblings: Siblings | None
    """None if every station is well, because nothing uses it then."""


class PartitionDetectors:
    """The detectors of one partition.

    Parameters
    ----------
    false_alarms_a_day
        Expected number of false alarms per detector, series and day.
    """

    def __init__(self, false_alarms_a_day: float = 2e-4) -> None:
        self._chance = np.float32(false_alarms_a_day)
        self.surprise, self.high, self.low = PitScores(), TailThresholds(), TailThresholds()
        self.bumps = Bumps()
        self.bump_up, self.bump_down = TailThresholds(fattest=0), TailThresholds(fattest=0)
        self.repeats, self.silence, self.clocks = Repeats(), Silence(), Clocks()
        self.standing, self.drift, self.inputs = SeriesStatus(), ErrorDrift(), InputDrift()
        self.balance, self.balance_tail = Balance(), TailThresholds()
        self.moves, self.switching = GroupMoves(), GroupSwitching()
        self.forests, self.forest_tail = HalfSpaceForests(), TailThresholds()
        self.stations = StationDetectors()
        self._unusual = np.zeros(0, np.float32)
        self._quarter = 0

    @property
    def nbytes(self) -> int:
        """Size of the state in bytes, without the forests."""
        return sum(part.nbytes for part in (*self._parts(), *self._group_parts()))

    def update(
        self,
        readings: TickReadings,
        declared: DeclaredSeries,
        observed: StationObservations = NO_STATIONS,
        *,
        is_new: bool = False,
    ) -> DetectionResult:
        """Judge the readings of a tick and learn from them.

        `is_new` is True if `observed` has not been passed before.
        """
        self._grow(len(readings), declared.groups)
        risk, given = self._risk(), ~np.isnan(readings.value)
        score = self.surprise.score(readings.value, readings.quantiles, readings.levels)
        high = np.maximum(self.high.limit(RARER * risk), LEAST_LIMIT)
        low = np.maximum(self.low.limit(RARER * risk), LEAST_LIMIT)
        flat = self.repeats.update(readings.value, given, RARER * risk)
        silent = self.silence.update(readings.tick_ms, readings.heard, risk)
        clock = self.clocks.update(readings, given)
        on, between = self._judge(readings, declared, score, high, low)
        measured = self._look_at_bumps(readings, declared, given, risk, on)
        missing = self.silence.count(readings.tick_ms)
        groups = group_statistics(readings, declared, score, missing >= SILENT_TOGETHER)
        self.standing.note(given, readings.value, on, between, score)
        if is_new:
            self.stations.update(observed, self._chance)
        stations = self.stations.states(observed, len(declared.group))
        faulty = flat | clock | on[AlarmKind.UNIT] | on[AlarmKind.OUT_OF_LIMITS]
        sound = ~np.isnan(score) & ~faulty
        settled = sound & self.surprise.is_settled()
        self.high.learn(score, settled, high)
        self.low.learn(-score, settled, low)
        holiday = on_holiday(declared, readings.tick_ms)
        drift, group_drift = self.drift.update(readings.tick_ms, score, sound & ~holiday, declared)
        healthy = given & ~(faulty | holiday)
        moved, group_moved = self.inputs.update(
            readings.tick_ms, readings.value, healthy, self.silence.interval_s, declared
        )
        interval_s = self._group_interval(declared, groups)
        group_on = self._judge_groups(readings, groups, interval_s) | {
            AlarmKind.DRIFT: group_drift,
            AlarmKind.DATA_DRIFT: group_moved,
        }
        return DetectionResult(
            measured,
            score,
            high,
            low,
            self.standing.on()
            | {
                AlarmKind.FLATLINE: flat,
                AlarmKind.GAP: silent,
                AlarmKind.CLOCK: clock,
                AlarmKind.DRIFT: drift,
                AlarmKind.DATA_DRIFT: moved,
            },
            self.standing.between(),
            self._moved(score, group_on, declared),
            holiday,
            missing,
            groups,
            self._look_at_switching(readings, groups, interval_s),
            group_on,
            self._unusual,
            stations,
            self._siblings(declared, stations),
        )

    def parts(self) -> list[list[Column]]:
        """Return the whole state, part by part, as record columns."""
        clock = np.array([self._quarter, self.drift.hour, self.inputs.hour])
        states = (*self._parts(), *self._group_parts())
        head: list[Column] = [clock, self._unusual]
        return [
            head,
            *(part.columns() for part in states),
            self.forests.columns(),
            self.stations.columns(),
        ]

    def load(self, parts: Sequence[Sequence[Column]]) -> None:
        """Restore the state from the columns of its parts."""
        head, *others, forests, stations = parts
        self._quarter, self.drift.hour, self.inputs.hour = (int(number) for number in head[0])
        self._unusual = np.asarray(head[1], np.float32)
        states = (*self._parts(), *self._group_parts())
        for part, columns in zip(states, others, strict=True):
            part.load(columns)
        self.forests.load(forests)
        self.stations.load(stations)

    def keep(self, stay: Rows) -> None:
        """Keep only the series of the rows `stay`, in that order."""
        self._grow(int(stay.max(initial=-1)) + 1, 0)
        for part in self._parts():
            part.reorder(stay)

    def reorder_groups(self, was: Rows) -> None:
        """Reorder the groups: `was` has the old index of each; -1 is a new group."""
        for part in self._group_parts():
            part.reorder(was)
        self.forests.reorder(was)
        self._unusual = np.append(self._unusual, np.float32(0))[was]

    def _siblings(self, declared: DeclaredSeries, stations: StationStates) -> Siblings | None:
        if not stations.ill.any():
            return None
        rows = len(declared.group)
        sides = self.standing.high()[:rows], self.standing.low()[:rows]
        return siblings(declared, stations.of, *sides)

    def _judge(
        self,
        readings: TickReadings,
        declared: DeclaredSeries,
        score: Floats,
        high: Floats,
        low: Floats,
    ) -> tuple[dict[AlarmKind, Flags], dict[AlarmKind, Flags]]:
        """Judge the newest readings, each by the gravest kind that applies."""
        value = readings.value
        unit = is_other_unit(value, readings.quantiles, self.surprise.width, declared.capacity)
        impossible = ~unit & is_impossible(value, declared.capacity, declared.least)
        # An impossible forecast was made from faulty readings, so it proves nothing.
        expected = readings.quantiles[:, len(readings.levels) // 2]
        spoiled = is_impossible(expected, declared.capacity, declared.least)
        plain = ~(unit | impossible | spoiled) & self.surprise.is_known(self.silence.interval_s)
        with np.errstate(invalid="ignore"):
            spike, drop = plain & (score > high), plain & (score < -low)
            still_high = plain & (score > STILL * high) & ~spike
            still_low = plain & (score < -STILL * low) & ~drop
        on = (spike, drop, impossible, unit)
        between = (still_high, still_low)
        kinds = SEEN_AT_READINGS
        return dict(zip(kinds, on, strict=True)), dict(zip(kinds, between, strict=False))

    def _look_at_bumps(
        self,
        readings: TickReadings,
        declared: DeclaredSeries,
        given: Flags,
        risk: Floats,
        on: dict[AlarmKind, Flags],
    ) -> Floats:
        """Add bumps that have just ended to `on`; return the judged values, kW."""
        given = given & ~(
            on[AlarmKind.OUT_OF_LIMITS] | on[AlarmKind.UNIT]
        )  # have alarms of their own
        up, down, middle = self.bumps.update(readings.value, given)
        width = np.maximum(self.surprise.width, NARROWEST)
        is_settled, measured = given & self.surprise.is_settled(), readings.value
        has_history = given & self.surprise.is_known(self.silence.interval_s)
        least_kw = np.nan_to_num(LEAST_SHARE * declared.capacity)
        for kind, least, size, tail in (
            (AlarmKind.SPIKE, LEAST_UP, np.asarray(up / width, np.float32), self.bump_up),
            (AlarmKind.DROP, LEAST_DOWN, np.asarray(down / width, np.float32), self.bump_down),
        ):
            limit = np.maximum(tail.limit(BUMPS * risk), least)
            is_bump = has_history & (size > limit) & (size * width > least_kw)
            on[kind] = on[kind] | is_bump
            measured = np.where(is_bump, middle, measured)
            tail.learn(size, is_settled, limit)
        return measured

    def _moved(
        self, score: Floats, group_on: Mapping[AlarmKind, Flags], declared: DeclaredSeries
    ) -> Flags:
        """Return True for series that moved in the same direction as their group."""
        high, low = (
            group_value_of_series(group_on[kind].astype(np.float32), declared) > 0
            for kind in (AlarmKind.SPIKE, AlarmKind.DROP)
        )
        with np.errstate(invalid="ignore"):
            return np.asarray(((score > 0) & high) | ((score < 0) & low))

    def _group_interval(self, declared: DeclaredSeries, groups: GroupStatistics) -> Floats:
        """Return the mean interval at which the series of each group send, seconds."""
        inside = declared.group != NO_GROUP
        interval = np.bincount(
            declared.group[inside], self.silence.interval_s[inside], minlength=declared.groups
        )
        return np.asarray(interval / np.maximum(groups.size, np.float32(1)), np.float32)

    def _look_at_switching(
        self, readings: TickReadings, groups: GroupStatistics, interval_s: Floats
    ) -> Flags:
        share = np.maximum(groups.high, groups.low)
        is_group = groups.size >= FEWEST
        return is_group & self.switching.update(readings.tick_ms, share, interval_s)

    def _judge_groups(
        self, readings: TickReadings, groups: GroupStatistics, interval_s: Floats
    ) -> dict[AlarmKind, Flags]:
        is_group = groups.size >= FEWEST
        looks_a_day = np.full(len(is_group), DAY_S / 60, np.float32)
        risk = self._chance / looks_a_day
        off = self.balance.score(groups.balance)
        limit = np.maximum(self.balance_tail.limit(risk), LEAST_LIMIT)
        with np.errstate(invalid="ignore"):
            is_off = self.balance.is_known(interval_s) & (off > limit)
        self.balance_tail.learn(off, ~np.isnan(off), limit)
        up, down = self.moves.update(groups, interval_s, risk)
        return {
            AlarmKind.GAP: is_group & (groups.silent >= MOST_SILENT),
            AlarmKind.SPIKE: up,
            AlarmKind.DROP: down,
            AlarmKind.DISAGREEMENT: is_group & is_off,
            AlarmKind.UNUSUAL: is_group & self._look_at_forests(readings.tick_ms, groups),
        }

    def _look_at_forests(self, tick_ms: int, groups: GroupStatistics) -> Flags:
        """Return True for unusual groups; between two updates the last score stands."""
        limit = np.maximum(self.forest_tail.limit(self._forest_risk()), np.float32(0.5))
        quarter = tick_ms // QUARTER_MS
        if quarter != self._quarter:
            self._quarter = quarter
            score = self.forests.update(features(groups))
            # Scores lie between 0 and 1, most near 1: the logarithm counts the nines.
            self._unusual = np.asarray(-np.log(np.maximum(1 - score, np.float32(1e-6))), np.float32)
            self.forest_tail.learn(self._unusual, score > 0, limit)
        return self._unusual > limit

    def _forest_risk(self) -> Floats:
        looks_a_day = DAY_S * 1000 / QUARTER_MS
        return np.full(len(self.forests), self._chance / looks_a_day, np.float32)

    def _risk(self) -> Floats:
        """Return the probability limit per reading, from the number of readings a day."""
        interval_s = np.where(self.silence.interval_s > 0, self.silence.interval_s, 60)
        return np.asarray(self._chance * interval_s / DAY_S, np.float32)

    def _grow(self, rows: int, groups: int) -> None:
        if rows > len(self.standing.bits):
            for part in self._parts():
                part.grow(rows)
        if groups > len(self._unusual):
            for part in self._group_parts():
                part.grow(groups)
            self.forests.grow(groups)
            self._unusual = np.concatenate(
                [self._unusual, np.zeros(groups - len(self._unusual), np.float32)]
            )

    def _parts(self) -> tuple[DetectorState, ...]:
        own = (self.surprise, self.high, self.low, self.bumps, self.bump_up, self.bump_down)
        others = (self.repeats, self.silence, self.clocks, self.standing)
        return (*own, *others, *self.drift.parts(), *self.inputs.parts())

    def _group_parts(self) -> tuple[DetectorState, ...]:
        tests = (*self.drift.group_parts(), *self.inputs.group_parts())
        own = (self.balance, self.balance_tail, self.moves, self.switching, self.forest_tail)
        return (*own, *tests)
