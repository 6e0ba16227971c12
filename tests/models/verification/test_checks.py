"""Forecasts are noted, judged when they are due, and learned from; a restart changes nothing."""

from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.plain_windows import Row, columns

from gridcast.models.partition import Partition, Tick
from gridcast.models.tick import TickOutput, TickSetup, run_tick
from gridcast.models.tick_forecaster import TickForecaster
from gridcast.models.verification import Forecasted
from gridcast.models.verification.checks import RUNGS
from gridcast.models.windows import WindowSpec
from gridcast.schemas import Quality, Rung, Score
from gridcast.schemas.forecast_columns import ForecastColumns, Maker
from gridcast.schemas.score_columns import ScoreColumns

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
START = 20_000 * DAY
SPEC = WindowSpec(step_minutes=60, days=8)
LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
OTHER = (Maker(Rung.MODEL, None, "other", "1"),)
NAMES = ("a", "b", "c", "d", "e")


class Played:
    """A partition that is fed hour by hour, with its tick and its table.

    Mostly only the ticks are answered that a slot begins with: only they judge and note.
    """

    def __init__(self, spec: WindowSpec = SPEC, *, every_minute: bool = False) -> None:
        self.every_ms = MINUTE if every_minute else spec.step_ms
        self.spec = spec
        self.partition = Partition(spec, lateness_ms=0)
        self.forecaster = TickForecaster(spec, 24, LEVELS)
        self.setup = TickSetup(self.forecaster)
        self.table: dict[str, bytes] = {}
        self.offset = 0

    def take(self, rows: list[Row]) -> Iterator[TickOutput]:
        readings = columns(rows)
        offset = self.offset + np.arange(len(rows))
        self.offset += len(rows)
        for tick in self.partition.take(readings, readings.time_ms, offset, self.offset):
            if tick.time_ms % self.every_ms == 0:
                yield run_tick(self.partition, tick, setup=self.setup)

    def keep(self) -> None:
        for key, record in self.partition.changes().items():
            if record is None:
                self.table.pop(key, None)
            else:
                self.table[key] = record

    def restart(self) -> None:
        self.keep()
        self.partition = Partition(self.spec, 0, dict(self.table))


def hour(number: int, rng: np.random.Generator, names: tuple[str, ...] = NAMES) -> list[Row]:
    """Give one reading of each series at an hour."""
    wave = 10 + 5 * np.sin(number / 24 * 2 * np.pi)
    return [
        (name, START + number * HOUR, float(wave + rng.normal(0, 1 + place)), 0, 0)
        for place, name in enumerate(names)
    ]


def forecasts_of(answer: TickOutput) -> ForecastColumns:
    assert answer.forecasts is not None
    return answer.forecasts


def bytes_of(answer: TickOutput) -> list[bytes]:
    told = [value for _, value in forecasts_of(answer).messages()]
    return told + [value for scores in answer.scores for _, value in scores.messages()]


def scores_of(played: Played, hours: range, *, seed: int = 1) -> list[ScoreColumns]:
    rng = np.random.default_rng(seed)
    return [s for h in hours for answer in played.take(hour(h, rng)) for s in answer.scores]


def test_every_series_is_scored_every_hour_once_its_forecasts_are_due() -> None:
    found = scores_of(Played(), range(40))
    assert len({scores.hour_ms for scores in found}) == len(found) == 40 - 2
    assert list(found[-1].series) == list(NAMES)
    messages = [Score.from_bytes(value) for one in found for _, value in one.messages()]
    bands = [band for message in messages for band in message.bands]
    assert {band.from_minutes for band in bands} == {0, 60, 180, 480}
    assert {band.rung for band in bands} == {Rung.SEASONAL_PROFILE, Rung.LAST_LEVEL}
    assert all(band.coverage_90_raw is not None for band in bands)


def test_an_hour_is_scored_a_slot_after_it_is_over() -> None:
    *_, last = Played().take([r for h in range(12) for r in hour(h, np.random.default_rng(0))])
    assert forecasts_of(last).tick_ms == START + 11 * HOUR
    assert [scores.hour_ms for scores in last.scores] == [START + 9 * HOUR]


def test_scores_are_those_of_the_published_forecast_and_of_last_weeks_load() -> None:
    played, rng = Played(), np.random.default_rng(4)
    loads: dict[int, float] = {}
    published: dict[tuple[int, int], np.ndarray] = {}
    seen = 0
    for number in range(9 * 24):
        rows = hour(number, rng, ("a",))
        loads[START + number * HOUR] = float(np.float32(rows[0][2]))
        for answer in played.take(rows):
            made = forecasts_of(answer)
            if made.tick_ms % HOUR == 0:
                published[made.tick_ms, 0] = made.quantiles[0]
            for scores in answer.scores:
                if not np.isnan(scores.naive_error[0]):
                    seen += 1
                    first = int(np.flatnonzero(scores.band == 0)[0])
                    actual = round(loads[scores.hour_ms], 3)
                    fan = published[scores.hour_ms, 0][:, 0]
                    assert scores.error[first] == pytest.approx(abs(fan[2] - actual), abs=1e-5)
                    assert scores.inside[first] == (fan[0] <= actual <= fan[-1])
                    naive = loads[scores.hour_ms - 7 * DAY]
                    assert scores.naive_error[first] == pytest.approx(abs(naive - actual), abs=1e-3)
    assert seen > 20


def test_what_was_not_measured_is_neither_scored_nor_learned_from() -> None:
    played, rng = Played(), np.random.default_rng(5)
    last = None
    for number in range(60):
        rows = hour(number, rng)
        for answer in played.take(rows):
            last = answer
    assert last is not None
    assert "b" in last.scores[0].series
    for number in range(60, 70):  # b falls silent; what c sends is an estimate
        rows = [row for row in hour(number, rng) if row[0] != "b"]
        rows = [
            (*row[:3], int(Quality.ESTIMATED_LINEAR), 0) if row[0] == "c" else row for row in rows
        ]
        before = played.partition.checks.calibration.shift(np.arange(5), 2).copy()
        for answer in played.take(rows):
            if number > 63:
                assert [list(scores.series) for scores in answer.scores if scores] in (
                    [],
                    [["a", "d", "e"]],
                )
        after = played.partition.checks.calibration.shift(np.arange(5), 2)
        if number > 63:
            np.testing.assert_array_equal(before[1:3], after[1:3])


def test_the_minutes_between_two_slots_teach_nothing() -> None:
    each, first = Played(every_minute=True), Played()
    assert [[value for _, value in one.messages()] for one in scores_of(each, range(14))] == [
        [value for _, value in one.messages()] for one in scores_of(first, range(14))
    ]
    assert each.partition.checks.changes(each.partition.windows) == (
        first.partition.checks.changes(first.partition.windows)
    )


def test_a_late_reading_that_comes_within_a_slot_is_judged_as_if_it_had_been_in_time() -> None:
    in_time, late = Played(), Played()
    rng = np.random.default_rng(6)
    rows = [hour(number, rng) for number in range(60)]
    found: list[list[bytes]] = []
    for played, is_late in ((in_time, False), (late, True)):
        told = []
        for number, now in enumerate(rows):
            batch = now[:-1] if is_late and number == 50 else now
            batch = [*batch, rows[50][-1]] if is_late and number == 51 else batch
            for answer in played.take(batch):
                told += [v for scores in answer.scores for _, v in scores.messages()]
        found.append(told)
    of_50 = [START // 1000 + 50 * 3600]
    wanted = [[t for t in told if Score.from_bytes(t).hour.timestamp() in of_50] for told in found]
    assert len(wanted[0]) == 5
    counts = [[sum(b.count for b in Score.from_bytes(t).bands) for t in told] for told in wanted]
    assert counts[0] == counts[1]


@given(
    restarts=st.sets(st.integers(1, 299), max_size=6),
    silent=st.sets(st.sampled_from(NAMES), max_size=3),
    step_minutes=st.sampled_from([30, 60]),
)
@settings(max_examples=8, deadline=None)
def test_a_partition_loaded_from_its_records_goes_on_to_the_bit(
    restarts: set[int], silent: set[str], step_minutes: int
) -> None:
    """Some series fall silent, and are let go in the end."""
    spec = WindowSpec(step_minutes=step_minutes, days=1)
    lived, loaded = Played(spec), Played(spec)
    rng = np.random.default_rng(len(restarts))
    for number in range(40):
        rows = hour(number, rng)
        if number > 8:
            rows = [row for row in rows if row[0] not in silent]
        for played in (lived, loaded):
            played.keep()
        if number in restarts:
            loaded.restart()
        pairs = zip(lived.take(rows), loaded.take(rows), strict=True)
        for one, other in pairs:
            assert bytes_of(one) == bytes_of(other)
        assert lived.partition.checks.nbytes <= loaded.partition.checks.nbytes
    lived.keep()
    loaded.keep()
    assert lived.table.keys() == loaded.table.keys()
    noted = [key for key in lived.table if key.startswith(("noted", "checks"))]
    assert noted
    assert all(lived.table[key] == loaded.table[key] for key in noted)


def test_what_is_over_is_forgotten_in_memory_and_in_the_table() -> None:
    played, rng = Played(), np.random.default_rng(7)
    held, records = [], []
    for number in range(24 * 8):
        for _ in played.take(hour(number, rng)):
            pass
        played.keep()
        held.append(played.partition.checks.nbytes)
        records.append(sum(key.startswith("noted") for key in played.table))
    assert held[-1] <= max(held[60:100])
    assert max(records[60:]) < 50


def test_other_levels_begin_anew_and_leave_nothing_in_the_table() -> None:
    played, rng = Played(), np.random.default_rng(8)
    for number in range(40):
        list(played.take(hour(number, rng)))
    played.restart()
    assert any(key.startswith("calibration") for key in played.table)
    played.setup = TickSetup(TickForecaster(SPEC, 12, (0.1, 0.5, 0.9)))
    (answer,) = list(played.take(hour(40, rng)))[-1:]
    assert forecasts_of(answer).quantiles.shape == (5, 3, 12)
    assert not answer.scores
    played.keep()
    assert not any(key.startswith("calibration") for key in played.table)
    played.restart()
    more = [s for h in range(41, 60) for a in played.take(hour(h, rng)) for s in a.scores]
    assert more[-1].message(0).bands[0].coverage_90 is None, "no such interval is forecast"


def test_a_look_at_a_partition_teaches_it_nothing() -> None:
    played, rng = Played(), np.random.default_rng(9)
    for number in range(40):
        for answer in played.take(hour(number, rng)):
            tick = Tick(forecasts_of(answer).tick_ms)
            played.keep()
            seen = played.forecaster.forecast(played.partition, tick)
            assert list(seen.messages()) == list(forecasts_of(answer).messages())
            assert not played.partition.checks.changes(played.partition.windows).keys() - {"checks"}


def test_challengers_are_scored_apart_and_teach_the_champion_nothing() -> None:
    played, rng = Played(), np.random.default_rng(10)
    checks = played.partition.checks
    last: Sequence[ScoreColumns] = ()
    for number in range(30):
        for answer in played.take(hour(number, rng)):
            if len(played.partition.windows) == len(NAMES):
                fan = np.tile(np.array([-900, -800, -700, -600, -500], np.float32), (1, 2, 1))
                makers = (Maker(Rung.MODEL, None, "box", "2"),)
                rows, by = np.array([1, 3]), np.zeros(2, np.intp)
                shadow = Forecasted([(0, 0)], fan, fan, makers, by, rows)
                checks.note(played.partition.windows, shadow, challenger=True)
                other = Forecasted([(0, 0)], fan, fan, OTHER, by, np.array([0, 2]))
                checks.note(played.partition.windows, other, challenger=True)
            last = answer.scores
    (scores,) = last
    of_b = scores.message(1).bands
    (apart,) = [band for band in of_b if band.challenger]
    assert (apart.model, apart.release, apart.coverage_90) == ("box", "2", 0)
    assert apart.mae_kw > 600
    assert [band.model for band in scores.message(0).bands if band.challenger] == ["other"]
    assert not any(band.challenger for band in scores.message(4).bands)
    assert not checks.calibration.shift(np.arange(5), 0).any()
    assert (checks.running.error[1] < 100).all()


def test_every_rung_has_its_place() -> None:
    assert set(RUNGS) == set(Rung)
    assert len(RUNGS) == len(Rung)


def test_running_scores_tell_coverage_and_skill_of_late() -> None:
    played = Played()
    scores_of(played, range(12 * 24))
    running = played.partition.checks.running
    assert ((running.coverage > 0.6) & (running.coverage <= 1)).all()
    assert (running.skill[:, 0] > 0).mean() > 0.5
    assert (running.count > 10).all()
