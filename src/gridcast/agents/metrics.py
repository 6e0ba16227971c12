"""The metrics of a worker.

Agents and stream report events to :class:`Metrics` a few times per batch, never once per reading.
Names, units and meanings are in `gridcast.agents.metric_list`.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

import numpy as np
from prometheus_client import CollectorRegistry

from gridcast.agents.metric_list import FOLDED, MetricList
from gridcast.models.partition import Tick
from gridcast.models.serving import ServingModels
from gridcast.models.windows import FoldCounts
from gridcast.schemas import Alarm, AlarmChange, Decoded, Reason, Role, Topic, Unfit
from gridcast.schemas.decode import WHOLE
from gridcast.schemas.forecast import ClosedBy
from gridcast.schemas.forecast_columns import ForecastColumns
from gridcast.schemas.score_columns import ScoreColumns
from gridcast.schemas.topics import READINGS
from gridcast.units import SECOND_MS


class Metrics:
    """The metrics of one worker.

    Parameters
    ----------
    version
        Of gridcast.
    run
        The run id that its log lines carry, too.

    Examples
    --------
    >>> metrics = Metrics(version="1.0", run="a")
    >>> metrics.rebalanced(partitions=4)
    >>> metrics.registry.get_sample_value("gridcast_partitions")
    4.0
    """

    def __init__(self, version: str, run: str) -> None:
        self._list = MetricList(version, run)
        self._serving: set[tuple[str, str, str, str]] = set()

    @property
    def registry(self) -> CollectorRegistry:
        """The registry that Prometheus reads."""
        return self._list.registry

    # Readings

    def read(self, topic: Topic, messages: int) -> None:
        """Count messages taken from a topic."""
        self._list.messages.labels(topic.name).inc(messages)

    def took(self, messages: int, decoded: Decoded, before: FoldCounts, after: FoldCounts) -> None:
        """Count a batch of readings, with the partition's counts before and after it."""
        self.read(READINGS, messages)
        framed = decoded.message[decoded.entry != WHOLE]
        if len(framed):
            self._list.frames.inc(1 + int(np.count_nonzero(np.diff(framed))))
        for name, result in FOLDED.items():
            count = getattr(after, name) - getattr(before, name)
            if count:
                self._list.readings.labels(result).inc(count)
        if after.late > before.late:
            self._list.late.inc(after.late - before.late)
        for reason, count in Counter(refusal.reason for _, refusal in decoded.refused).items():
            self._list.readings.labels(reason.value).inc(count)

    def weather_late(self, messages: int) -> None:
        """Count weather that arrived after a tick that should have used it."""
        self._list.weather_late.inc(messages)

    def wrote_letters(self, topic: str, reasons: Iterable[Reason]) -> None:
        """Count dead letters that Kafka has confirmed, of records of one topic."""
        for reason, count in Counter(reasons).items():
            self._list.letters.labels(topic, reason.value).inc(count)

    def alarmed(self, alarm: Alarm) -> None:
        """Count a change of an alarm."""
        self._list.alarms.labels(alarm.kind.value, alarm.change.value).inc()
        if alarm.change is AlarmChange.RAISED:
            self._list.alarms_raised.labels(alarm.priority.value).inc()

    def looked(self, partition: int, seconds: float, *, rate: int, standing: int) -> None:
        """Record the detectors' run over a partition, and its number of alarms."""
        self._list.look_duration.observe(seconds)
        self._list.alarm_rate.labels(str(partition)).set(rate)
        self._list.alarms_standing.labels(str(partition)).set(standing)

    # Partitions

    def rebalanced(self, partitions: int) -> None:
        """Count a rebalance and set the number of partitions."""
        self._list.rebalances.inc()
        self._list.partitions.set(partitions)

    def stands(self, partition: int, *, watermark_ms: int, sent_ms: int, series: int) -> None:
        """Set a partition's watermark, and Kafka's timestamp of the newest message taken."""
        label = str(partition)
        self._list.watermark.labels(label).set(watermark_ms / SECOND_MS)
        self._list.delay.labels(label).set((sent_ms - watermark_ms) / SECOND_MS)
        self._list.series.labels(label).set(series)

    def lags(self, partition: int, messages: int) -> None:
        """Set the number of messages that wait in a partition."""
        self._list.lag.labels(str(partition)).set(messages)

    def stuck(self, seconds: Mapping[int, float], partitions: Iterable[int]) -> None:
        """Set the partitions without progress although messages wait."""
        for partition in partitions:
            self._list.stuck.labels(str(partition)).set(seconds.get(partition, 0.0))

    def recovered(self, seconds: float) -> None:
        """Count a takeover of a state table, and its duration."""
        self._list.recovery.observe(seconds)

    def let_go(self, partition: int) -> None:
        """Remove the metrics of a partition that another worker has now."""
        for gauge in (
            self._list.series,
            self._list.lag,
            self._list.stuck,
            self._list.watermark,
            self._list.delay,
            self._list.alarm_rate,
            self._list.alarms_standing,
        ):
            gauge.remove_by_labels({"partition": str(partition)})

    def stands_by(self, partition: int, size: int) -> None:
        """Set the size of the warm standby of another worker's partition; 0 removes it."""
        if size:
            self._list.standby.labels(str(partition)).set(size)
        else:
            self._list.standby.remove_by_labels({"partition": str(partition)})

    # ReleaseRegistry

    def release_loaded(self, seconds: float) -> None:
        """Record the time that fetching, checking and warming up a release took."""
        self._list.load_duration.observe(seconds)

    def release_refused(self, because: Unfit) -> None:
        """Count a release that was refused."""
        self._list.refused.labels(because.value).inc()

    def releases_unfit(self, releases: int) -> None:
        """Set the number of releases that should serve and don't."""
        self._list.unfit.set(releases)

    def serve(self, duty: ServingModels) -> None:
        """Set the serving releases, and count new ones."""
        shadows = {kind: shadow.in_use for kind, shadow in duty.challengers.items()}
        serving = {
            (role.value, kind or "all", loaded.model, loaded.release)
            for role, posts in ((Role.CHAMPION, duty.champions), (Role.CHALLENGER, shadows))
            for kind, loaded in posts.items()
        }
        before, self._serving = self._serving, serving
        for post in before - serving:
            self._list.release.remove(*post)
        for post in serving:
            self._list.release.labels(*post).set(1)
        for role, _ in {post[:2] for post in before ^ serving}:
            self._list.swaps.labels(role).inc()

    # Ticks

    def ticked(self, tick: Tick, seconds: float) -> None:
        """Count a tick of a partition and the duration of its forecasts."""
        closed_by = ClosedBy.WALL_CLOCK if tick.by_clock else ClosedBy.WATERMARK
        self._list.ticks.labels(closed_by.value).inc()
        self._list.tick_duration.observe(seconds)

    def forecast(self, columns: ForecastColumns) -> None:
        """Count forecasts by their forecaster."""
        counts = np.bincount(columns.made_by, minlength=len(columns.makers))
        for maker, count in zip(columns.makers, counts.tolist(), strict=True):
            self._list.forecasts.labels(maker.rung.value).inc(count)

    def verified(self, scores: ScoreColumns) -> None:
        """Count verified forecasts, their coverage and errors."""
        kind = scores.band * len(scores.makers) + scores.made_by
        kinds = len(scores.bands) * len(scores.makers)
        paired = ~np.isnan(scores.naive_error)
        counts = np.bincount(kind, scores.count, kinds)
        for number in np.flatnonzero(counts).tolist():
            band, made_by = divmod(number, len(scores.makers))
            begin, end = scores.bands[band]
            maker, here = scores.makers[made_by], kind == number
            role = Role.CHALLENGER if maker.challenger else Role.CHAMPION
            labels = (f"{begin / 60:g}-{end / 60:g}h", maker.rung.value, role.value)
            self._list.verified.labels(*labels).inc(counts[number])
            for interval, inside in (("published", scores.inside), ("raw", scores.inside_raw)):
                if not np.isnan(inside[here]).any():  # where the levels hold such an interval
                    self._list.inside.labels(*labels, interval).inc(inside[here].sum())
            for of, error in (("forecast", scores.error), ("naive", scores.naive_error)):
                self._list.error.labels(*labels, of).inc(error[here & paired].sum())

    def confirmed(self, seconds: float) -> None:
        """Record the delay from a tick's closing to the confirmation of its forecasts."""
        self._list.punctuality.observe(seconds)

    def checkpointed(self, seconds: float, *, outputs: int, records: int) -> None:
        """Record a committed checkpoint: its duration and size."""
        self._list.checkpoint_duration.observe(seconds)
        self._list.checkpoint_bytes.labels("outputs").observe(outputs)
        self._list.checkpoint_bytes.labels("records").observe(records)
