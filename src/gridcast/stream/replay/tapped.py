"""A feed of the live topics: the same bytes, for the same partitions."""

from collections.abc import Iterator

from gridcast.schemas.topics import READINGS, SERIES, WEATHER_FORECASTS, WEATHER_OBSERVATIONS
from gridcast.stream.recording.taps import (
    FROM_THE_BEGINNING,
    TO_THE_END,
    Tap,
    check_stretch,
    partitions_of_topic,
    whole_from_ms,
)
from gridcast.stream.replay.feed import PLAYED, Played
from gridcast.stream.settings import Settings
from gridcast.units import DAY_MS


class TappedFeed:
    """A feed of a time span of the live topics.

    Series are as the topic has them now. Weather begins as far back as a tick may look.

    Parameters
    ----------
    settings
        Settings of the live deployment.
    begin_ms, from_ms, to_ms
        The feed begins at `begin_ms`, a window before the replayed span, to have data to forecast
        from. The span from `from_ms` to `to_ms` must be complete.
    """

    def __init__(self, settings: Settings, begin_ms: int, from_ms: int, to_ms: int) -> None:
        back_ms = (settings.window_days + 2) * DAY_MS
        since = {SERIES: FROM_THE_BEGINNING, READINGS: begin_ms}
        since |= dict.fromkeys((WEATHER_OBSERVATIONS, WEATHER_FORECASTS), begin_ms - back_ms)
        until = dict.fromkeys(PLAYED, to_ms) | {SERIES: TO_THE_END}
        self.partitions = partitions_of_topic(settings, READINGS)
        self._taps = {
            topic: [
                Tap(settings, topic, number, since[topic], until[topic])
                for number in range(partitions_of_topic(settings, topic))
            ]
            for topic in PLAYED
        }
        check_stretch(self._taps[READINGS], from_ms)
        self.whole_from_ms = whole_from_ms(self._taps[READINGS], begin_ms)
        """From this time on the readings are complete: the beginning of the feed, or later."""

    def next_ms(self) -> int | None:
        """Return when the next reading arrived."""
        times = [tap.next_ms() for tap in self._taps[READINGS]]
        return min((time_ms for time_ms in times if time_ms is not None), default=None)

    def before(self, due_ms: int) -> Iterator[Played]:
        """Yield what arrived before a moment, topic by topic."""
        for topic in PLAYED:
            for tap in self._taps[topic]:
                for message in tap.before(TO_THE_END if topic is SERIES else due_ms):
                    key, stamp_ms = message.key() or b"", message.timestamp()[1]
                    yield Played(topic, tap.number, key, message.value(), stamp_ms)

    def close(self) -> None:
        """Close all connections."""
        for taps in self._taps.values():
            for tap in taps:
                tap.close()
