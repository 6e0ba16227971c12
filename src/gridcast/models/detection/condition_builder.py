"""Builds alarm conditions from detections: a text, the likeliest cause, and the evidence."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from gridcast.models.alarms import Condition, Key, Sign
from gridcast.models.detection.detectors import SILENT_TOGETHER, DetectionResult
from gridcast.models.detection.groups import FEWEST, MOST_SILENT
from gridcast.models.detection.observations import NO_GROUP, DeclaredSeries, TickReadings
from gridcast.models.detection.weather_conditions import WeatherCause, WeatherConditionBuilder
from gridcast.schemas import AlarmKind, Priority

NEIGHBOURS = "real event, seen by the neighbours too"
HOLIDAY = "a holiday: the neighbours are as far from what is usual"
TARIFF = "a tariff or timers: the neighbours moved at once, at the full or half hour"
METER = "meter fault"
OWN = "meter fault, or an event at this place alone"
CLOCK = "wrong clock of the meter"
UNIT = "wrong unit at the meter or the head-end"
LINE = "communication gap"
GROUP_LINE = "communication gap, or the feeder is dead"
MODEL = "the forecast has degraded, or when the load is drawn: how much has not moved"
LOAD = "the load has changed"
FEED = "the head-end or the line to it has stopped"
PARTS = "a meter of the parent or of one of its parts is wrong"

DETECTED = frozenset(
    {
        AlarmKind.SPIKE,
        AlarmKind.DROP,
        AlarmKind.OUT_OF_LIMITS,
        AlarmKind.UNIT,
        AlarmKind.FLATLINE,
        AlarmKind.GAP,
        AlarmKind.CLOCK,
        AlarmKind.DRIFT,
        AlarmKind.DATA_DRIFT,
        AlarmKind.DISAGREEMENT,
        AlarmKind.UNUSUAL,
        AlarmKind.FEED_STALE,
        AlarmKind.COVERAGE_LOST,
        AlarmKind.MODEL_DEGRADED,
    }
)
DRIFTS = (AlarmKind.DRIFT, AlarmKind.DATA_DRIFT)
SHARED = (AlarmKind.GAP, AlarmKind.SPIKE, AlarmKind.DROP, *DRIFTS)
"""Kinds for which an alarm of the group stands for those of its series."""


@dataclass(frozen=True, slots=True)
class ConditionBuilder:
    """Builds the conditions of one tick."""

    result: DetectionResult
    readings: TickReadings
    declared: DeclaredSeries
    names: Sequence[str]
    feed: str
    """Name of the partition: topic and number."""

    def conditions(self) -> list[Condition]:
        """Return the conditions, groups first; of two with the same key the stronger one."""
        conditions: dict[Key, Condition] = {}
        for condition in (*self._feed(), *self._stations(), *self._groups(), *self._series()):
            other = conditions.get(condition.key)
            if other is None or other.sign < condition.sign:
                conditions[condition.key] = condition
        return list(conditions.values())

    def _feed(self) -> Iterator[Condition]:
        """Yield a condition if nearly the whole feed is silent; a single group has its own."""
        silent = self.result.missing >= SILENT_TOGETHER
        size, count = len(silent), int(np.count_nonzero(silent))
        if size < FEWEST or count < MOST_SILENT * size or self.declared.groups == 1:
            return
        yield Condition(
            AlarmKind.FEED_STALE,
            self.feed,
            priority=Priority.HIGH,
            severity=float(
                np.abs(np.nansum(self.readings.quantiles[:, len(self.readings.levels) // 2]))
            ),
            cause=FEED,
            text=f"{count:,} of the {size:,} series of {self.feed} are silent",
            evidence={"series_count": float(size), "silent_share": round(count / size, 3)},
        )

    def _stations(self) -> Iterator[Condition]:
        """Yield the stations' conditions. All partitions see them, so partition 0 reports them."""
        if self.feed.endswith("/0"):
            yield from self._weather.conditions()

    @property
    def _weather(self) -> WeatherConditionBuilder:
        return WeatherConditionBuilder(self.result, self.readings)

    def _series(self) -> Iterator[Condition]:
        for signs, sign in ((self.result.on, Sign.ON), (self.result.between, Sign.BETWEEN)):
            for kind, flags in signs.items():
                for row in np.flatnonzero(flags).tolist():
                    yield self._condition(kind, row, sign)

    def _condition(self, kind: AlarmKind, row: int, sign: Sign) -> Condition:
        value, quantiles = float(self.result.measured[row]), self.readings.quantiles[row].tolist()
        expected, low, high = (
            None if np.isnan(kw) else round(kw, 3)
            for kw in (quantiles[len(quantiles) // 2], quantiles[0], quantiles[-1])
        )
        measured = None if np.isnan(value) else round(value, 3)
        off = abs((measured or 0.0) - (expected or 0.0))
        severity = abs(expected or 0.0) if kind is AlarmKind.GAP else off
        condition = Condition(
            kind,
            self.names[row],
            sign,
            severity=severity if kind is not AlarmKind.UNIT else abs(expected or 0.0),
            under=self._under(kind, row),
            cause=self._cause(kind, row),
            text=self._text(kind, row, measured, expected, low, high),
            measured=measured,
            expected=expected,
            expected_low=low,
            expected_high=high,
            evidence=self._evidence(row),
        )
        blame = self._blame(kind, row)
        return condition if blame is None else blame.of(condition)

    def _blame(self, kind: AlarmKind, row: int) -> WeatherCause | None:
        """Return the weather as a possible cause, except for switched loads and moved loads."""
        group = int(self.declared.group[row])
        if kind in {AlarmKind.SPIKE, AlarmKind.DROP}:
            if self.result.moved[row] and group != NO_GROUP and self.result.switched[group]:
                return None
            return self._weather.of_series(row, high=kind is AlarmKind.SPIKE)
        if kind is AlarmKind.DRIFT and not self._has_moved(row):
            return self._weather.of_errors(np.array([row]))
        return None

    def _blame_of_group(self, kind: AlarmKind, group: int) -> WeatherCause | None:
        rows = np.flatnonzero(self.declared.group == group)
        if kind in {AlarmKind.SPIKE, AlarmKind.DROP} and not self.result.switched[group]:
            return self._weather.of_group(rows, high=kind is AlarmKind.SPIKE)
        if kind is AlarmKind.DRIFT and not self._group_has_moved(group):
            return self._weather.of_errors(rows)
        return None

    def _cause(self, kind: AlarmKind, row: int) -> str:
        if kind in {AlarmKind.SPIKE, AlarmKind.DROP}:
            if not self.result.moved[row]:
                return OWN
            return self._shared(
                int(self.declared.group[row]), holiday=bool(self.result.holiday[row])
            )
        if kind in DRIFTS:
            return LOAD if self._has_moved(row) else MODEL
        return {
            AlarmKind.GAP: LINE,
            AlarmKind.UNIT: UNIT,
            AlarmKind.CLOCK: CLOCK,
        }.get(kind, METER)

    def _shared(self, group: int, *, holiday: bool) -> str:
        """Return the likeliest cause if a whole group does the same."""
        if self.result.switched[group]:
            return TARIFF
        return HOLIDAY if holiday else NEIGHBOURS

    def _has_moved(self, row: int) -> bool:
        """Return True if the load of the series, or of its group, has drifted."""
        group = int(self.declared.group[row])
        own = bool(self.result.on[AlarmKind.DATA_DRIFT][row])
        return own or (group != NO_GROUP and self._group_has_moved(group))

    def _group_has_moved(self, group: int) -> bool:
        return bool(self.result.group_on[AlarmKind.DATA_DRIFT][group])

    def _text(  # noqa: PLR0917
        self,
        kind: AlarmKind,
        row: int,
        measured: float | None,
        expected: float | None,
        low: float | None,
        high: float | None,
    ) -> str:
        name = self.names[row]
        of_kind = {
            AlarmKind.GAP: f"{self.result.missing[row]:,.0f} readings of {name} are missing",
            AlarmKind.FLATLINE: f"{name} stays at the same value" + _kw(measured, " of {} kW"),
            AlarmKind.CLOCK: f"the time stamps of {name} are off",
            AlarmKind.DRIFT: f"the errors of the forecasts of {name} have moved",
            AlarmKind.DATA_DRIFT: f"the load of {name} has moved from that of the last weeks",
        }
        if kind in of_kind:
            return of_kind[kind]
        text = f"{name}:" + _kw(measured, " {} kW")
        if expected is None:
            return text
        return f"{text} where {expected:,} were expected ({low:,} to {high:,})"

    def _evidence(self, row: int) -> dict[str, float]:
        result, evidence = self.result, {"missing_count": float(self.result.missing[row])}
        score = float(result.score[row])
        if not np.isnan(score):
            limit = result.high[row] if score > 0 else result.low[row]
            evidence["score"] = round(score, 2)
            evidence["score_limit"] = round(float(limit), 2)
            evidence["position_share"] = round(float(ndtr(score)), 6)
        group = int(self.declared.group[row])
        if group != NO_GROUP:
            groups = result.groups
            evidence["neighbours_count"] = float(groups.size[group])
            evidence["neighbours_high_share"] = round(float(groups.high[group]), 3)
            evidence["neighbours_low_share"] = round(float(groups.low[group]), 3)
            evidence["neighbours_silent_share"] = round(float(groups.silent[group]), 3)
        return evidence

    def _groups(self) -> Iterator[Condition]:
        result, groups = self.result, self.result.groups
        for kind, flags in result.group_on.items():
            for group in np.flatnonzero(flags).tolist():
                size = int(groups.size[group])
                name = self.declared.parents[group]
                share = {
                    AlarmKind.GAP: groups.silent,
                    AlarmKind.SPIKE: groups.high,
                    AlarmKind.DROP: groups.low,
                }.get(kind)
                text, cause = _group_words(kind, name, size)
                if share is not None:
                    text = text.format(round(float(share[group]) * size))
                inside = self.declared.group == group
                if kind is AlarmKind.DRIFT and self._group_has_moved(group):
                    cause = LOAD
                if cause == NEIGHBOURS:
                    holiday = bool(self.result.holiday[inside].mean() > 0.5)
                    cause = self._shared(group, holiday=holiday)
                expected = self.readings.quantiles[inside, len(self.readings.levels) // 2]
                condition = Condition(
                    kind,
                    name,
                    severity=float(np.abs(np.nansum(expected))),
                    under=self._keys(kind, self.declared.above[group]),
                    cause=cause,
                    text=text,
                    evidence={
                        "series_count": float(size),
                        "high_share": round(float(groups.high[group]), 3),
                        "low_share": round(float(groups.low[group]), 3),
                        "silent_share": round(float(groups.silent[group]), 3),
                        "mean_score": round(float(groups.mean[group]), 3),
                        "unusual_score": round(float(result.unusual[group]), 3),
                    },
                )
                blame = self._blame_of_group(kind, group)
                yield condition if blame is None else blame.of(condition)

    def _under(self, kind: AlarmKind, row: int) -> tuple[Key, ...]:
        group = int(self.declared.group[row])
        if group == NO_GROUP:
            return self._keys(kind, ())
        return self._keys(kind, (self.declared.parents[group], *self.declared.above[group]))

    def _keys(self, kind: AlarmKind, above: Sequence[str]) -> tuple[Key, ...]:
        keys = tuple((kind, name) for name in above) if kind in SHARED else ()
        return (*keys, (AlarmKind.FEED_STALE, self.feed)) if kind is AlarmKind.GAP else keys


def _kw(value: float | None, pattern: str) -> str:
    return "" if value is None else pattern.format(f"{value:,}")


def _group_words(kind: AlarmKind, name: str, size: int) -> tuple[str, str]:
    all_of = f"the {size} series of {name}"
    return {
        AlarmKind.GAP: (f"{{}} of {all_of} are silent", GROUP_LINE),
        AlarmKind.SPIKE: (f"{{}} of {all_of} are far above what was expected", NEIGHBOURS),
        AlarmKind.DROP: (f"{{}} of {all_of} are far below what was expected", NEIGHBOURS),
        AlarmKind.DISAGREEMENT: (f"{name} is not the sum of its {size} parts", PARTS),
        AlarmKind.DRIFT: (f"the errors of the forecasts of {name} have moved as a whole", MODEL),
        AlarmKind.DATA_DRIFT: (
            f"the loads of {name} have moved as a whole from those of the last weeks",
            LOAD,
        ),
    }.get(kind, (f"{all_of} are not as they usually are together", PARTS))
