"""What windows hold shows as what they were made from."""

import numpy as np
import pytest
from support.plain_windows import Row, columns

from gridcast.cli.window.window_view import look_back, look_into
from gridcast.models.splines import SlotOrigin
from gridcast.models.windows import Windows, WindowSpec
from gridcast.schemas.quality import Quality

MINUTE = 60_000
STEP = 15 * MINUTE
START = 20_000 * 96 * STEP
END = START + 9 * 96 * STEP


def interval_meter() -> list[Row]:
    """Nine days of a reading a slot, with a gap and a rejected spike in the newest hours."""
    slots = [i for i in range(9 * 96) if i not in range(700, 720)]
    rows: list[Row] = [
        ("m1", START + i * STEP, 3 + 2 * float(np.sin(i / 96 * 2 * np.pi)), 0, 0) for i in slots
    ]
    return [*rows[:-3], ("m1", rows[-3][1], 40.0, int(Quality.QUESTIONABLE), 0), *rows[-2:]]


def kept(rows: list[Row]) -> Windows:
    """Fold as a worker does, hour by hour, with another series before it."""
    windows = Windows(WindowSpec())
    windows.fold(columns([("m0", START, 1.0, 0, 0)]))
    for hour in range(START, END, 4 * STEP):
        windows.fold(columns([row for row in rows if hour <= row[1] < hour + 4 * STEP]))
        windows.advance(hour + 4 * STEP)
    return windows


def test_of_an_interval_meter_all_is_shown_as_from_its_file() -> None:
    rows = interval_meter()
    ours = look_into(kept(rows), 1, 192)
    theirs = look_back(columns(rows), WindowSpec(), END, 192)
    assert ours.series == "m1"
    assert ours.tick_ms == theirs.tick_ms
    assert ours.smoothed.tobytes() == theirs.smoothed.tobytes()
    assert ours.origin.tobytes() == theirs.origin.tobytes()
    assert ours.reading_ms.tolist() == theirs.reading_ms.tolist()
    assert ours.reading == pytest.approx(theirs.reading, rel=1e-6)
    assert ours.trust.tolist() == theirs.trust.tolist()
    assert (ours.share, ours.lam) == (theirs.share, theirs.lam)
    assert np.isnan(ours.mean).all()


def test_where_readings_are_not_kept_the_means_of_their_slots_are_shown() -> None:
    rows: list[Row] = [
        ("m1", START + i * 5 * MINUTE, float(i % 3), 0, 0) for i in range(9 * 24 * 12)
    ]
    found = look_into(kept(rows), 1, 96)
    assert np.isfinite(found.mean).sum() == 96 - 8, "all but the last two hours"
    assert found.mean[:88] == pytest.approx(1.0)
    assert np.isnan(found.mean[88:]).all()
    assert len(found.reading) == 8 * 3
    assert found.count(SlotOrigin.MEASURED) == 96


def test_a_correction_of_a_slot_long_closed_is_shown_once() -> None:
    windows = kept(interval_meter())
    at = START + 800 * STEP
    windows.fold(columns([("m1", at, 9.0, 0, 1)]))
    found = look_into(windows, 1, 192)
    assert found.reading[found.reading_ms == at + STEP // 2].tolist() == [9.0]
