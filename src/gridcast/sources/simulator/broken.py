"""Messages of broken drivers: an occasional message that cannot be decoded."""

import re
from collections.abc import Callable, Iterable, Iterator
from zlib import crc32

from gridcast.stream.recording.reading_writer import Keyed

MILLION = 1_000_000

_VALUE = re.compile(rb'"value":[^,]*,')
_TIME = re.compile(rb'"time":"(\d{4})([^"]*)Z"')
# Each kind occurs in real feeds and becomes a dead letter with a reason of its own. A message that
# a pattern does not match (a frame's list of values) is left unchanged.
KINDS: tuple[Callable[[bytes], bytes], ...] = (
    lambda value: value[: len(value) // 2],  # a line that dropped
    lambda value: _VALUE.sub(b'"value":NaN,', value, count=1),
    lambda value: _VALUE.sub(b"", value, count=1),
    lambda value: _TIME.sub(rb'"time":"\1\2"', value, count=1),  # a clock without a zone
    lambda value: _TIME.sub(rb'"time":"2099\2Z"', value, count=1),  # a clock that was never set
    lambda value: value.replace(b'"unit":"kW"', b'"unit":"W"', 1),
    lambda value: value.replace(b'"quality":0', b'"quality":99', 1),
)


def broken_now_and_then(messages: Iterable[Keyed], per_million: int, seed: int) -> Iterator[Keyed]:
    """Break `per_million` of a million messages. The messages and the seed determine which."""
    for key, value in messages:
        lot = crc32(value, seed)
        if lot % MILLION < per_million:
            yield key, KINDS[lot // MILLION % len(KINDS)](value)
        else:
            yield key, value
