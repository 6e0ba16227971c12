"""Read a series' window from the running workers' state, without disturbing them."""

from aiokafka.partitioner import murmur2

from gridcast.models.records import RecordError, RecordKind, key_of
from gridcast.models.windows import Windows
from gridcast.models.windows.snapshot import load, spec_of
from gridcast.schemas import GridSeries
from gridcast.schemas.topics import SERIES, STATE
from gridcast.stream.errors import UserError
from gridcast.stream.kafka.compacted_topic import latest_by_key
from gridcast.stream.kafka.topic_admin import TopicAdmin
from gridcast.stream.settings import Settings
from gridcast.stream.state.kafka_table import COUNT_BYTES


def find_windows(settings: Settings, series: str) -> tuple[Windows, int]:
    """Return the windows that hold a series, as last checkpointed, and the series' row."""
    topic, partitions = settings.topic_prefix + STATE.name, 0
    for present in TopicAdmin(settings).look().present:
        if present.name == topic:
            partitions = present.partitions
    if not partitions:
        raise UserError(f"not there: {topic}; make it with `gridcast topics create`")
    # Kafka's partition of a single reading. A frame is in the partition of the frame's key.
    likely = (murmur2(series.encode()) & 0x7FFFFFFF) % partitions
    others = 0
    for partition in sorted(range(partitions), key=lambda number: number != likely):
        windows = _windows(settings, topic, partition)
        if windows is None:
            continue
        if (row := windows.roster.row(series)) is not None:
            return windows, row
        others += len(windows)
    raise UserError(f"no worker has readings of {series!r} (of {others:,} other series)")


def can_be_negative(settings: Settings, series: str) -> bool:
    """Return a series' declared `can_be_negative`, or the default if it is not declared."""
    declared = latest_by_key(settings, settings.topic_prefix + SERIES.name, 0).get(series.encode())
    try:
        return declared is not None and GridSeries.from_bytes(declared).can_be_negative
    except ValueError:  # the workers cannot read it either
        return False


def _windows(settings: Settings, topic: str, partition: int) -> Windows | None:
    records = _whole(latest_by_key(settings, topic, partition))
    if key_of(RecordKind.HEAD) not in records:
        return None
    try:
        return load(spec_of(records), records)
    except RecordError as error:
        raise UserError(f"{topic}, partition {partition}: {error}") from None


def _whole(found: dict[bytes, bytes]) -> dict[str, bytes]:
    """Join the parts of records that `stream/state/kafka_table.py` has split."""
    parts: dict[str, dict[int, bytes]] = {}
    for key, part in found.items():
        name, _, number = key.decode().rpartition("#")
        parts.setdefault(name, {})[int(number)] = part[COUNT_BYTES:]
    return {name: b"".join(of[n] for n in sorted(of)) for name, of in parts.items()}
