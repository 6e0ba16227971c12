"""A stretch of the live topics, played again: the same bytes, into the same partitions."""

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
    """Plays what the live topics hold of a stretch.

    What is known of the series is what the topic says now; weather is taken from as far back as a
    tick may look.

    Parameters
    ----------
    settings
        Of the live deployment.
    begin_ms, from_ms, to_ms
        Where it begins: a window before the stretch, so that there is something to forecast from;
        and the stretch, which has to be there whole.
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
        """From here on nothing is missing of the readings: from where it begins, or later."""

    def next_ms(self) -> int | None:
        """Say when the next reading came."""
        times = [tap.next_ms() for tap in self._taps[READINGS]]
        return min((one for one in times if one is not None), default=None)

    def before(self, due_ms: int) -> Iterator[Played]:
        """Give what came before a moment, topic by topic."""
        for topic in PLAYED:
            for tap in self._taps[topic]:
                for one in tap.before(TO_THE_END if topic is SERIES else due_ms):
                    key, stamp_ms = one.key() or b"", one.timestamp()[1]
                    yield Played(topic, tap.number, key, one.value(), stamp_ms)

    def close(self) -> None:
        """Let go of all connections."""
        for taps in self._taps.values():
            for tap in taps:
                tap.close()
