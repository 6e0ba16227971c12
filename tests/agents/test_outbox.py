"""What waits for a checkpoint, and in which order it is sent."""

from gridcast.agents.outbox import Outbox
from gridcast.agents.state_table import Output
from gridcast.schemas.topics import ALARMS, FORECASTS


def test_the_forecasts_of_several_ticks_lie_together_by_series_and_nothing_else_moves() -> None:
    outbox = Outbox()
    for tick in (b"1", b"2"):
        outbox.put([Output(ALARMS, key, tick) for key in (b"z", b"a")])
        outbox.put([Output(FORECASTS, key, tick) for key in (b"m-2", b"m-1")])
        outbox.answered(0.0)
    sent = [(one.topic.name, one.key, one.value) for one in outbox.take({}, 1).outputs]
    assert sent == [
        *((ALARMS.name, key, tick) for tick in (b"1", b"2") for key in (b"z", b"a")),
        *((FORECASTS.name, key, tick) for key in (b"m-1", b"m-2") for tick in (b"1", b"2")),
    ]


def test_one_tick_is_sent_as_it_was_answered() -> None:
    outbox = Outbox()
    given = [Output(FORECASTS, key, b"1") for key in (b"m-2", b"m-1")]
    outbox.put(given)
    outbox.answered(0.0)
    assert outbox.take({}, 1).outputs == given
