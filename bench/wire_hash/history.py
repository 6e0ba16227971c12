"""The history: a simulated grid, rewritten, with commands and unreadable messages behind it."""

import csv
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from wire_hash.checkout import PARTITIONS, PREFIX, READINGS, Checkout, Sent

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
CONNECTED = BEGIN + timedelta(days=8)
"""When the first readings arrive, with a whole window of older ones behind them."""
LAST_MINUTES = (180, 185, 187)
"""When the last messages are measured, in minutes after the recording. They are sent one by one, so
that each is a batch of its own. The first makes all readings before it so old that their records
are replaced; at the last, seven minutes past the hour, the watch is kept whole. So the final state
does not depend on how the batches before were cut."""
DEAD_LETTERS = "gridcast.dead-letters"
ALARMS = "load.alarms"

Row = list[str]


def utc(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.000Z"


def prepare(file: Path, end: datetime) -> None:
    """Rewrite the readings so that all before `CONNECTED` arrive at once, a quarter-hour each.

    The newest of each series come first: they move the watermark, and those behind them are late.
    So eight days cost one tick, not 11,520.
    """
    connected, last = utc(CONNECTED), utc(end)
    with file.open(newline="", encoding="utf-8") as opened:
        header, *rows = csv.reader(opened)
    newest: dict[str, Row] = {}
    past: list[Row] = []
    live: list[Row] = []
    for row in rows:
        series, measured, arrival, value, quality, revision = row
        if arrival >= connected:
            if arrival < last:
                live.append(row)
            continue
        delivered = [series, measured, connected, value, quality, revision]
        newest[series] = max(newest.get(series, delivered), delivered)
        if measured[14:] in {"00:00.000Z", "15:00.000Z", "30:00.000Z", "45:00.000Z"}:
            past.append(delivered)
    # Readings that the workers refuse by their time: too old, and far in the future.
    for number, row in enumerate(live[1_000::20_000]):
        live.append([row[0], utc(BEGIN) if number % 2 else utc(end + timedelta(1)), *row[2:]])
    with file.open("w", newline="", encoding="utf-8") as opened:
        csv.writer(opened).writerows([header, *newest.values(), *past, *live])


def commands_on(alarms: list[dict[str, Any]], at: datetime) -> Iterator[Sent]:
    """Acknowledge the first of the active alarms and shelve the last."""
    newest = {alarm["alarm"]: alarm for alarm in alarms}
    active = sorted(name for name, alarm in newest.items() if alarm["active"])
    if len(active) < 2:
        raise SystemExit("fewer than two alarms are active: there is nothing to send a command to")
    until = utc(at + timedelta(minutes=5))
    for name, action in (
        (active[0], {"action": "acknowledge"}),
        (active[-1], {"action": "shelve", "until": until}),
    ):
        command = {"command": f"c-{action['action']}", "alarm": name, "by": "anna", "at": utc(at)}
        yield Sent("load.commands", name, json.dumps(command | action).encode(), at)


def frames(begin: datetime, minutes: Iterable[int]) -> Iterator[Sent]:
    """Yield frames of three series that nobody declared, one in each partition every minute."""
    for minute in minutes:
        measured = begin + timedelta(minutes=minute)
        for partition in range(PARTITIONS):
            name = f"frame-{partition}"
            frame = {
                "frame": name,
                "time": utc(measured),
                "series": [f"{name}-{place}" for place in range(3)],
                "value": [partition + place + minute / 8 for place in range(3)],
            }
            yield Sent(READINGS, name, json.dumps(frame).encode(), measured, partition)


def unreadable(sent_at: datetime) -> Iterator[Sent]:
    """Yield messages of which each is refused, under a key of its own: one dead letter each."""
    now = utc(sent_at)
    changes: list[dict[str, Any]] = [
        {"value": "1"},
        {"value": float("nan")},
        {"value": None},
        {"unit": "W"},
        {"quality": 99},
        {"revision": -1},
        {"version": 99},
        {"time": now[:-1]},
        {"time": "2026-02-30T00:00:00Z"},
        {"time": "2099-01-01T00:00:00Z"},
        {"time": "2025-06-01T00:00:00Z"},
        {"series": "not mine"},
        {"series": "another"},
        {"note": "x" * 100_000},
    ]
    values: list[tuple[str, bytes]] = [
        *((READINGS, value) for value in (b"", b"{", b"[1]", b'{"version":1}', b"\xff")),
        ("weather.observations", b"{"),
        ("weather.forecasts", b"[]"),
        ("grid.series", b'{"series":"unreadable-20-","capacity_kw":-1}'),
    ]
    for number, (topic, value) in enumerate(values):
        yield Sent(topic, f"unreadable-{number}", value, sent_at)
    for number, change in enumerate(changes):
        name = f"changed-{number}"
        reading = {"series": name, "time": now, "value": 1.0, **change}
        yield Sent(READINGS, name, json.dumps(reading).encode(), sent_at)
    name = "uneven"
    frame = {"frame": name, "time": now, "series": ["a", "b"], "value": [1.0]}
    yield Sent(READINGS, name, json.dumps(frame).encode(), sent_at)


def play(checkout: Checkout, folder: Path, series: int, hours: int) -> None:
    """Replay the history through the topics and the workers."""
    end = CONNECTED + timedelta(hours=hours)
    source = folder / "simulated"
    grid = ["--series", str(series), "--seed", "7", "--faults", "storm", "--format", "csv"]
    span = ["--from", utc(BEGIN), "--to", utc(end)]
    checkout.run("simulate", *grid, *span, "--out", str(source))
    prepare(source / "readings.csv", end)
    replay = ["replay", str(source), "--into", PREFIX, "--from", utc(CONNECTED)]
    replay += ["--speed", "max", "--workers", "2"]
    checkout.run(*replay, "--to", utc(CONNECTED + timedelta(hours=hours) / 2))
    release = ["--as", "challenger", "--share", "0.5", "--model", "rival", "--release", "rival-1"]
    checkout.run("models", "release", "box:15", *release, "--topic-prefix", PREFIX)
    checkout.run(*replay)
    letters = sum(1 for _ in checkout.read(DEAD_LETTERS))
    alarms = [json.loads(message.value() or b"{}") for message in checkout.read(ALARMS)]
    refused = [*unreadable(end + timedelta(minutes=2))]
    checkout.send(commands_on(alarms, end))
    checkout.send([*frames(end, range(3)), *refused, *frames(end, range(3, 6))])
    with checkout.running("worker", "--topic-prefix", PREFIX) as worker:
        checkout.wait_until(checkout.is_worked_off, worker)
        for minute in LAST_MINUTES:
            checkout.send(frames(end, [minute]))
            checkout.wait_until(checkout.is_worked_off, worker)
        expected = letters + len(refused)
        checkout.wait_until(lambda: sum(1 for _ in checkout.read(DEAD_LETTERS)) >= expected, worker)
