"""Every metric of gridcast, in one place: its name, type, unit, meaning and buckets.

`docs/reference/metrics.md` has the table of it; a test holds the two together.
"""

from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.process_collector import ProcessCollector

from gridcast.agents.metric_table import DescribedMetrics
from gridcast.schemas import Priority, Reason, Role, Rung, Unfit
from gridcast.schemas.forecast import ClosedBy
from gridcast.schemas.topics import READINGS

# A tick of 100,000 series is to take less than 10 s, and forecasts are to be out within a minute.
DURATIONS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
# A table of a large partition is read in seconds; after that a takeover is late.
RECOVERIES = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0)
# From a lone dead letter to a tick's forecasts of 100,000 series.
SIZES = tuple(float(1_000 * 4**power) for power in range(10))

VERIFIED_BY = ("band", "rung", "role")

FOLDED = {
    "accepted": "used",
    "corrected": "corrected",
    "duplicate": "duplicate",
    "sealed": "sealed",
    "too_old": Reason.TOO_OLD.value,
}
"""The metric's result label for each count of folded readings."""


class MetricList(DescribedMetrics):
    """The metrics of one worker, at zero.

    Parameters
    ----------
    version
        Of gridcast.
    run
        The run id that its log lines carry, too.
    """

    def __init__(self, version: str, run: str) -> None:
        super().__init__()
        self.info = self._add(
            Gauge,
            "gridcast_info",
            "1",
            "always 1; its labels say which gridcast this is, and the run id of its log lines",
            "version",
            "run",
        )
        self.info.labels(version, run).set(1)

        self.messages = self._add(
            Counter, "gridcast_messages_total", "messages", "messages taken from a topic", "topic"
        )
        self.frames = self._add(
            Counter,
            "gridcast_frames_total",
            "messages",
            "messages that were frames: many readings each",
        )
        self.readings = self._add(
            Counter,
            "gridcast_readings_total",
            "readings",
            "what became of readings: `used`, `corrected` (replaced one of a lower revision), "
            "`duplicate` (known already), `sealed` (too late for its slot), or the reason of the "
            "refusal; a message refused whole counts as one",
            "result",
        )
        self.late = self._add(
            Counter,
            "gridcast_readings_late_total",
            "readings",
            "readings that came after the tick of their minute, whatever became of them",
        )
        self.weather_late = self._add(
            Counter,
            "gridcast_weather_late_total",
            "messages",
            "weather that came after a tick that should have seen it",
        )
        self.letters = self._add(
            Counter,
            "gridcast_dead_letters_total",
            "letters",
            "dead letters confirmed by Kafka, by the topic that the original came from",
            "topic",
            "reason",
        )
        self.alarms = self._add(
            Counter,
            "gridcast_alarms_total",
            "alarms",
            "changes of alarms, by what was seen and what happened to the alarm",
            "kind",
            "change",
        )
        self.alarms_raised = self._add(
            Counter,
            "gridcast_alarms_raised_total",
            "alarms",
            "alarms raised and told, by priority; EEMUA 191 wants about 5 of 100 `high`, 15 "
            "`medium` and 80 `low`",
            "priority",
        )
        self.alarm_rate = self._add(
            Gauge,
            "gridcast_alarms_recent",
            "alarms",
            "alarms raised in the last ten minutes of a partition's event time, told or put under "
            "a flood; EEMUA 191 wants 1 an operator at most in steady state, 10 are a flood",
            "partition",
        )
        self.alarms_standing = self._add(
            Gauge,
            "gridcast_alarms_standing",
            "alarms",
            "alarms of a partition that operators are shown",
            "partition",
        )

        self.partitions = self._add(
            Gauge, "gridcast_partitions", "partitions", "partitions that this worker has"
        )
        self.series = self._add(
            Gauge, "gridcast_series", "series", "series known in a partition", "partition"
        )
        self.lag = self._add(
            Gauge,
            "gridcast_lag_messages",
            "messages",
            "messages waiting in a partition",
            "partition",
        )
        self.stuck = self._add(
            Gauge,
            "gridcast_stuck_seconds",
            "s",
            "for how long a partition has stood still though messages wait; 0: it has not",
            "partition",
        )
        self.watermark = self._add(
            Gauge,
            "gridcast_watermark_timestamp_seconds",
            "s",
            "how far event time has come in a partition, since 1970; `time() - …` is how far that "
            "is behind the clock",
            "partition",
        )
        self.delay = self._add(
            Gauge,
            "gridcast_watermark_delay_seconds",
            "s",
            "how far the watermark is behind Kafka's stamp of the newest message taken",
            "partition",
        )

        self.ticks = self._add(
            Counter,
            "gridcast_ticks_total",
            "ticks",
            "ticks closed, by what closed them",
            "closed_by",
        )
        self.look_duration = self._add(
            Histogram,
            "gridcast_look_duration_seconds",
            "s",
            "time to judge the readings of a partition since its last tick; part of its tick",
            buckets=DURATIONS,
        )
        self.tick_duration = self._add(
            Histogram,
            "gridcast_tick_duration_seconds",
            "s",
            "time from a tick's closing to its forecasts of one partition made",
            buckets=DURATIONS,
        )
        self.punctuality = self._add(
            Histogram,
            "gridcast_tick_punctuality_seconds",
            "s",
            "time from a tick's closing to its forecasts confirmed by Kafka",
            buckets=DURATIONS,
        )
        self.forecasts = self._add(
            Counter,
            "gridcast_forecasts_total",
            "forecasts",
            "forecasts made, by who answered",
            "rung",
        )

        self.verified = self._add(
            Counter,
            "gridcast_verified_total",
            "forecasts",
            "forecasts that came due and were judged, by how far ahead they were, who had answered "
            "and in which role",
            *VERIFIED_BY,
        )
        self.inside = self._add(
            Counter,
            "gridcast_verified_inside_total",
            "forecasts",
            "those of them whose 90 % interval held what came: as it was `published`, and as the "
            "interval would have been without calibration (`raw`)",
            *VERIFIED_BY,
            "interval",
        )
        self.error = self._add(
            Counter,
            "gridcast_verified_error_kw_total",
            "kW",
            "sum of the absolute errors of the median, and of the seasonal-naive forecast of the "
            "same (`naive`); of those alone where that is known",
            *VERIFIED_BY,
            "of",
        )

        self.release = self._add(
            Gauge,
            "gridcast_release_info",
            "1",
            "always 1; its labels say which release this worker has in which role, for which kind "
            "of series (`all`: those that have none of their own)",
            "role",
            "series_kind",
            "model",
            "release",
        )
        self.swaps = self._add(
            Counter,
            "gridcast_release_swaps_total",
            "swaps",
            "changes of who has a role for a kind of series in this worker",
            "role",
        )
        self.unfit = self._add(
            Gauge,
            "gridcast_releases_unfit",
            "releases",
            "releases that should serve here and do not: another one answers in their place",
        )
        self.refused = self._add(
            Counter,
            "gridcast_releases_refused_total",
            "releases",
            "releases that this worker could not take into use, by why",
            "because",
        )
        self.load_duration = self._add(
            Histogram,
            "gridcast_release_load_seconds",
            "s",
            "time for a release to be fetched, checked and warmed up, beside the ticks",
            buckets=RECOVERIES,
        )

        self.checkpoint_duration = self._add(
            Histogram,
            "gridcast_checkpoint_duration_seconds",
            "s",
            "time from a checkpoint's first message sent to its transaction committed",
            buckets=DURATIONS,
        )
        self.checkpoint_bytes = self._add(
            Histogram,
            "gridcast_checkpoint_bytes",
            "bytes",
            "size of a checkpoint before compression: `outputs` (forecasts, alarms, dead letters) "
            "and `records` (of the table)",
            "of",
            buckets=SIZES,
        )
        self.rebalances = self._add(
            Counter,
            "gridcast_rebalances_total",
            "rebalances",
            "rebalances of the group, seen by this worker",
        )
        self.recovery = self._add(
            Histogram,
            "gridcast_recovery_duration_seconds",
            "s",
            "time for a table to be taken over and read; `_count`: tables opened",
            buckets=RECOVERIES,
        )
        self.standby = self._add(
            Gauge,
            "gridcast_standby_bytes",
            "bytes",
            "size of what is kept ready of a partition that another worker has",
            "partition",
        )
        self._start_at_zero()
        ProcessCollector(registry=self.registry)

    def _start_at_zero(self) -> None:
        """Show what has not happened yet as 0: Prometheus sees no rise from nothing to one."""
        for result in (*FOLDED.values(), *(reason.value for reason in Reason)):
            self.readings.labels(result)
        for closed_by in ClosedBy:
            self.ticks.labels(closed_by.value)
        for rung in Rung:
            self.forecasts.labels(rung.value)
        for role in (Role.CHAMPION, Role.CHALLENGER):
            self.swaps.labels(role.value)
        for priority in Priority:
            self.alarms_raised.labels(priority.value)
        for because in Unfit:
            self.refused.labels(because.value)
        for of in ("outputs", "records"):
            self.checkpoint_bytes.labels(of)
        self.messages.labels(READINGS.name)
