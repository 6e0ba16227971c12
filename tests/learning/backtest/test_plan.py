"""Which forecasts are judged, where there are more than anyone wants to."""

from dataclasses import replace

import numpy as np
from support.recordings import DAY, HOUR, START, make_recording

from gridcast.learning.backtest.plan import BacktestPlan, make_plan, step_of
from gridcast.stream.settings import Settings

SETTINGS = Settings(step_minutes=60)
ROWS = np.arange(500)


def plan(most_judged: int) -> BacktestPlan:
    return make_plan(
        make_recording(days=12),
        SETTINGS,
        from_ms=None,
        to_ms=None,
        every_minutes=None,
        most_judged=most_judged,
    )


def test_ticks_begin_one_window_in_and_end_with_the_readings() -> None:
    found = plan(1000)
    assert found.from_ms == START + 8 * DAY + HOUR  # the first reading came when its hour was over
    assert found.ticks == 4 * 24


def test_as_many_are_judged_as_asked_for_spread_over_series_and_ticks() -> None:
    found = plan(4_800)
    share = found.share_judged(len(ROWS))
    ticks = range(found.from_ms, found.to_ms, HOUR)
    chosen = [found.judged(ROWS, tick, share) for tick in ticks]
    count = np.array([len(one) for one in chosen])
    assert abs(count.sum() - 4_800) < 300
    assert (count > 20).all()
    by_row = np.bincount(np.concatenate(chosen), minlength=len(ROWS))
    assert by_row.max() < 30


def test_the_same_are_judged_whoever_asks_and_of_a_few_all() -> None:
    found = plan(4_800)
    tick, some = found.from_ms, ROWS[100:200]
    among_all = set(found.judged(ROWS, tick, 0.3).tolist())
    assert {100 + row for row in found.judged(some, tick, 0.3).tolist()} == {
        row for row in among_all if 100 <= row < 200
    }
    assert len(found.judged(ROWS, tick, 1.0)) == len(ROWS)


def test_within_a_slot_nothing_is_judged() -> None:
    found = replace(plan(1000), every_ms=HOUR // 4)
    assert len(found.judged(ROWS, found.from_ms + HOUR // 4, 1.0)) == 0
    assert len(found.judged(ROWS, found.from_ms, 1.0)) == len(ROWS)


def test_slots_are_no_finer_than_the_readings() -> None:
    recording = make_recording(days=9)
    assert step_of(recording, Settings(step_minutes=15), None).step_minutes == 60
    assert step_of(recording, Settings(step_minutes=15), 60).step_minutes == 60
