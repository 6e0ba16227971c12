"""What a tick costs: its forecasts, and their bytes, beside other ways to write them."""

import json
from collections.abc import Callable

import msgspec
import numpy as np
from common import in_turn

from gridcast.models.partition import Partition, Tick
from gridcast.models.tick_forecaster import TickForecaster
from gridcast.models.windows import WindowSpec
from gridcast.schemas.columns import ReadingColumns
from gridcast.schemas.forecast_columns import ForecastColumns

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
STEP_MS, MINUTE_MS = 900_000, 60_000
START_MS = 20_000 * 86_400_000
ONE_BY_ONE = 500


def partition_of(series: int, spec: WindowSpec, lost: float) -> Partition:
    """Give a partition of noisy daily waves: 8 days of slots, then an hour of minutes.

    A share of all readings is lost, at random.
    """
    rng = np.random.default_rng(0)
    names = [f"meter-{i:07d}" for i in range(series)]
    size, phase = rng.lognormal(0, 1, series), rng.normal(0, 2, series)
    partition = Partition(spec, lateness_ms=0)
    slots = START_MS + STEP_MS * np.arange(8 * 96)
    minutes = slots[-1] + STEP_MS + MINUTE_MS * np.arange(67)
    for time in (*slots.tolist(), *minutes.tolist()):
        wave = np.sin((time / 3_600_000 + phase) / 24 * 2 * np.pi)
        value = size * (2 + wave + rng.normal(0, 0.2, series))
        here = np.flatnonzero(rng.random(series) >= lost)
        zeros, times = np.zeros(len(here), np.int32), np.full(len(here), time)
        some = [names[row] for row in here]
        partition.windows.fold(
            ReadingColumns(some, times, value[here], zeros.astype(np.uint8), zeros)
        )
        if time % STEP_MS == 0:
            partition.windows.advance(time)
    partition.windows.advance(int(minutes[-1]) + MINUTE_MS)
    return partition


def cost(series: int, rounds: int) -> dict[str, float]:
    """Measure a tick of so many series; give the seconds for 100,000."""
    partition = partition_of(series, WindowSpec(), lost=0)
    gappy = partition_of(series, WindowSpec(), lost=0.05)
    forecaster = TickForecaster(WindowSpec(), 24, LEVELS)
    tick = Tick(partition.tick_ms or 0)
    made = forecaster.forecast(partition, tick)
    some = [made.message(row) for row in range(ONE_BY_ONE)]
    sizes = [len(value) for _, value in made.messages()]
    calls: dict[str, tuple[Callable[[], object], int]] = {
        "forecast": (lambda: forecaster.forecast(partition, tick), series),
        "forecast_gappy": (lambda: forecaster.forecast(gappy, tick), series),
        "messages": (lambda: sum(len(value) for _, value in made.messages()), series),
        "numbers_msgspec": (lambda: _by(made, msgspec.json.encode), series),
        "numbers_digits_in_numpy": (lambda: _digits(made), series),
        "numbers_json_dumps": (lambda: _by(made, json.dumps), series),
        "numbers_join_of_repr": (lambda: _by(made, _joined), series),
        "pydantic_one_by_one": (lambda: [message.to_bytes() for message in some], ONE_BY_ONE),
        "pydantic_made_and_written": (
            lambda: [made.message(row).to_bytes() for row in range(ONE_BY_ONE)],
            ONE_BY_ONE,
        ),
    }
    runs = in_turn({name: call for name, (call, _) in calls.items()}, rounds)
    return {
        f"{name}_s_100k": run.cpu_s / calls[name][1] * 100_000 for name, run in runs.items()
    } | {"bytes_a_forecast": float(np.mean(sizes)), "series": float(series)}


def _by(made: ForecastColumns, write: Callable[[list[list[float]]], object]) -> None:
    for row in made.quantiles:
        write((np.rint(row.astype(np.float64) * 1000) / 1000).tolist())


def _joined(levels: list[list[float]]) -> str:
    return "[" + ",".join("[" + ",".join(map(repr, level)) + "]" for level in levels) + "]"


def _digits(made: ForecastColumns) -> None:
    """Write digit by digit, all series of a chunk at once: up to 99,999,999.999 kW, no sign."""
    for first in range(0, len(made), 64):
        watts = np.rint(made.quantiles[first : first + 64].astype(np.float64) * 1000)
        left = watts.astype(np.int64).astype(np.uint64).astype(np.uint32).reshape(-1)
        text = np.empty((13, len(left)), np.uint8)
        keep = np.ones(text.shape, bool)
        text[12], text[8] = ord(","), ord(".")
        some = np.zeros(len(left), bool)
        for place in (11, 10, 9, 7, 6, 5, 4, 3, 2, 1, 0):
            rest = left // 10
            digit = left - rest * 10
            if place > 8:
                some |= digit != 0
                keep[place] = some | (place == 9)
            elif place < 7:
                keep[place] = left > 0
            text[place] = digit + ord("0")
            left = rest
        whole = text.T[keep.T].tobytes()
        ends = np.cumsum(keep.sum(axis=0).reshape(-1, made.quantiles.shape[2]).sum(axis=1))
        start = 0
        for end in ends.tolist():
            b"[" + whole[start : end - 1] + b"]"
            start = end
