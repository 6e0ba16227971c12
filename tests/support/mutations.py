"""Good readings and frames, and what line noise, bad drivers and bad clocks make of them."""

import json
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from gridcast.schemas import Reading, ReadingFrame

START = datetime(2026, 1, 1, tzinfo=UTC)
TOKENS = (
    *(b"{", b"}", b"[", b"]", b",", b":", b'"', b"\\", b"NaN", b"-Infinity", b"null", b"true"),
    *(b"1e999", b"\x00", b"\xff", b"\n", b"\\ud800", b'"value"', b"\xef\xbb\xbf", b"0" * 30),
)
ODD_VALUES: tuple[object, ...] = (
    *(None, True, "", "NaN", -1, 2**70, 1e308, [], {}, [[]], "2026-01-01", "kVA", "é", 0.5),
)


def _good(rng: random.Random) -> tuple[bytes, bytes]:
    time = START + timedelta(milliseconds=rng.randrange(0, 10**9))
    if rng.random() < 0.2:
        length = rng.randrange(1, 6)
        frame = ReadingFrame(
            frame=f"feeder-{rng.randrange(9)}",
            time=time,
            series=[f"meter-{rng.randrange(999)}" for _ in range(length)],
            value=[rng.uniform(-9, 9) for _ in range(length)],
        )
        return frame.key or b"", frame.to_bytes()
    reading = Reading(series=f"meter-{rng.randrange(999)}", time=time, value=rng.uniform(-9, 9))
    return reading.key or b"", reading.to_bytes()


def _flip(rng: random.Random, value: bytes) -> bytes:
    place = rng.randrange(len(value))
    return value[:place] + bytes([rng.randrange(256)]) + value[place + 1 :]


def _insert(rng: random.Random, value: bytes) -> bytes:
    place = rng.randrange(len(value) + 1)
    return value[:place] + rng.choice(TOKENS) + value[place:]


def _cut(rng: random.Random, value: bytes) -> bytes:
    start = rng.randrange(len(value))
    return value[:start] + value[start + rng.randrange(1, 20) :]


def _double(rng: random.Random, value: bytes) -> bytes:
    start = rng.randrange(len(value))
    stop = start + rng.randrange(1, 40)
    return value[:stop] + value[start:]


def _odd_value(rng: random.Random, value: bytes) -> bytes:
    fields = json.loads(value)
    fields[rng.choice(list(fields))] = rng.choice(ODD_VALUES)
    return json.dumps(fields).encode()


def _drop_field(rng: random.Random, value: bytes) -> bytes:
    fields = json.loads(value)
    del fields[rng.choice(list(fields))]
    return json.dumps(fields).encode()


def _truncate(rng: random.Random, value: bytes) -> bytes:
    return value[: rng.randrange(len(value))]


MUTATIONS: tuple[Callable[[random.Random, bytes], bytes], ...] = (
    _flip,
    _insert,
    _cut,
    _double,
    _odd_value,
    _drop_field,
    _truncate,
)


def mutated(seed: int, count: int) -> tuple[list[bytes | None], list[bytes | None], list[int]]:
    """Give keys and values of so many records, about half of them mutated, and which are intact."""
    rng = random.Random(seed)
    keys: list[bytes | None] = []
    values: list[bytes | None] = []
    intact: list[int] = []
    for place in range(count):
        key, value = _good(rng)
        if rng.random() < 0.5:
            for _ in range(1 if rng.random() < 0.7 else 3):
                try:
                    value = rng.choice(MUTATIONS)(rng, value)
                except (ValueError, IndexError, AttributeError, TypeError):
                    break  # mutated before into what is no object any more
        else:
            intact.append(place)
        keys.append(key)
        values.append(value)
    return keys, values, intact
