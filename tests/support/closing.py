"""What has threads is closed, and none of them is left: each case in a process of its own.

In the process that runs the tests other threads come and go, which have nothing to do with it:
of clients that are not collected yet, of Arrow's memory, of event loops that have ended.

    python -m support.closing CASE BROKER PREFIX
"""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from gridcast.agents.state_table import TableLostError
from gridcast.stream.kafka.broker import Broker
from gridcast.stream.kafka.topic_admin import TopicAdmin
from gridcast.stream.settings import Settings
from gridcast.stream.state.kafka_table import KafkaTable
from gridcast.stream.state.standby import Standby

WITHIN_S = 60.0
PARTITIONS = 3


def check_closing(case: str, settings: Settings) -> None:
    """Run one of the cases; fail with what it says."""
    done = subprocess.run(
        [sys.executable, "-m", "support.closing", case, settings.broker, settings.topic_prefix],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])},
        capture_output=True,
        text=True,
        timeout=4 * WITHIN_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def a_table(settings: Settings) -> None:
    """One that another has taken over, and that other."""
    table, successor = KafkaTable(settings, 0), KafkaTable(settings, 0)
    table.open()
    table.checkpoint([], {"head": b"1"})
    assert threads(), "it looks at the wrong place"
    successor.open()
    ends = end_of(lambda: table.checkpoint([], {"head": b"2"}))
    assert "cannot be written" in ends, ends
    table.close()
    successor.close()
    successor.close()
    wait_until_none_is_left()
    ends = end_of(lambda: successor.checkpoint([], {"head": b"3"}))
    assert "is not open" in ends, ends


def a_table_that_waits(_: Settings) -> None:
    """Two of them, whose Kafka is gone: one in the middle of a checkpoint, one being opened."""
    with Broker() as broker:
        settings = Settings(broker=broker.address, partitions=PARTITIONS)
        admin = TopicAdmin(settings)
        admin.create(admin.look().missing)
        del admin
        writing, opening = KafkaTable(settings, 0), KafkaTable(settings, 1)
        writing.open()
        broker.nodes[0].kill()
        ends: list[str] = []
        calls = (lambda: writing.checkpoint([], {"head": b"1"}), opening.open)
        waiting = [
            threading.Thread(target=lambda call=call: ends.append(end_of(call))) for call in calls
        ]
        for thread in waiting:
            thread.start()
        time.sleep(2)
        assert not ends, "they did not wait"
        writing.close()
        opening.close()
        for thread in waiting:
            thread.join(WITHIN_S)
        assert len(ends) == len(waiting), "they wait still"
        assert all("it was closed" in end for end in ends), ends
        wait_until_none_is_left()


def a_standby(settings: Settings) -> None:
    """One that follows, and one that was never started."""
    standby = Standby(settings)
    standby.follow(range(PARTITIONS))
    standby.start()
    wait_for(lambda: len(threads()) > 2)
    standby.close()
    wait_until_none_is_left()
    assert standby.followed() == {}
    Standby(settings).close()


def tasks() -> dict[str, str]:
    """Name all threads of this process by their ids, librdkafka's too."""
    found = {}
    for task in Path("/proc/self/task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):  # it has just ended
            found[task.name] = (task / "comm").read_text().strip()
    return found


def threads() -> list[str]:
    """Name the threads that were begun since the case began."""
    return sorted(name for task, name in tasks().items() if task not in BEFORE)


def end_of(call: Callable[[], object]) -> str:
    """Say how a call failed."""
    try:
        call()
    except TableLostError as error:
        return str(error)
    return "it did not fail"


def wait_until_none_is_left() -> None:
    """Wait: the system forgets a thread a moment after it was joined."""
    wait_for(lambda: not threads())


def wait_for(happened: Callable[[], bool]) -> None:
    end = time.monotonic() + WITHIN_S
    while not happened():
        assert time.monotonic() < end, threads()
        time.sleep(0.02)


BEFORE = frozenset(tasks())
"""What numpy begins when it is imported, among others."""
CASES = {case.__name__: case for case in (a_standby, a_table, a_table_that_waits)}

if __name__ == "__main__":
    CASES[sys.argv[1]](
        Settings(broker=sys.argv[2], topic_prefix=sys.argv[3], partitions=PARTITIONS)
    )
