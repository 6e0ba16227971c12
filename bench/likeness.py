"""How like real load the simulated one is: the shape of households and of a whole country.

Real: 40 households of New South Wales (half-hourly) and Spain (hourly), from the folder given by
--data (its README tells sources and licences); left out where they are not there. Simulated: the
homes without panels of an Australian grid, and the zones of a Spanish one, added up.
"""

from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
from common import arguments, result, show
from numpy.typing import NDArray

from gridcast.models.calendars import Calendar
from gridcast.models.simulator import FAULTS, Simulation, build_grid, spread_series
from gridcast.models.simulator.customers import HOUSEHOLD

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
MINUTE_MS, DAY_MS = 60_000, 86_400_000
START_MS = 1_672_531_200_000  # 2023-01-01
FIGURES = {
    "load_factor": "mean / peak (99.9 %)",
    "next_step": "autocorrelation, next step",
    "next_day": "autocorrelation, 24 h",
    "next_week": "autocorrelation, 168 h",
    "change": "mean change a step / mean",
    "night": "night (2 to 5 h) / mean",
    "evening": "evening (18 to 21 h) / mean",
    "weekend": "weekend / workday",
    "winter": "coldest month / mildest",
    "summer": "hottest month / mildest",
}


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    given = parser.parse_args()
    homes, series = (40, 150) if given.quick else (200, 1000)
    shapes = {}
    if (path := given.data / "households.parquet").exists():
        shapes["households, real"] = _shape(*_real(path, 30), 30, "AU", "Australia/Sydney")
    shapes["households, simulated"] = _shape(*_homes(homes), 30, "AU", "Australia/Sydney")
    if (path := given.data / "spain.parquet").exists():
        shapes["Spain, real"] = _shape(*_real(path, 60), 60, "ES", "Europe/Madrid")
    shapes["Spain, simulated"] = _shape(*_country(series), 60, "ES", "Europe/Madrid")

    rows = [
        [label, *(f"{shape[name]:.2f}" for shape in shapes.values())]
        for name, label in FIGURES.items()
    ]
    show("shape of the load, medians over series", ["", *shapes], rows)
    if given.json:
        figures = {
            f"{title.replace(', ', '_').lower()}_{name}": round(value, 3)
            for title, shape in shapes.items()
            for name, value in shape.items()
        }
        print(result("likeness", figures))


def _real(path: Path, step_min: int) -> tuple[Floats, Ints]:
    """Read a file into one row a series, one column a step; what is missing is nan."""
    table = pq.read_table(path, columns=["ts", "entity", "value"])
    time_ms = table["ts"].cast("int64").to_numpy() // 1000
    names = pc.dictionary_encode(table["entity"].combine_chunks())
    slot = (time_ms - time_ms.min()) // (step_min * MINUTE_MS)
    load = np.full((len(names.dictionary), int(slot.max()) + 1), np.nan)
    load[names.indices.to_numpy(), slot] = table["value"].to_numpy()
    return load, time_ms.min() + step_min * MINUTE_MS * np.arange(load.shape[1])


def _homes(count: int) -> tuple[Floats, Ints]:
    grid = build_grid(1, "AU", [[count // 4] * 4])
    truth = Simulation(grid, 1, 1800, FAULTS["none"]).truth(START_MS, START_MS + 364 * DAY_MS)
    meters = grid.zones[0].meters
    homes = (meters.customer == HOUSEHOLD) & (meters.solar_kw == 0)
    return truth.value[1 + grid.zones[0].feeders :][homes], truth.time_ms


def _country(series: int) -> tuple[Floats, Ints]:
    grid = build_grid(1, "ES", spread_series(series))
    truth = Simulation(grid, 1, 3600, FAULTS["none"]).truth(START_MS, START_MS + 364 * DAY_MS)
    zones = [zone.first for zone in grid.zones]
    return truth.value[zones].sum(axis=0, keepdims=True), truth.time_ms


def _shape(load: Floats, time_ms: Ints, step_min: int, code: str, zone: str) -> dict[str, float]:
    day = 1440 // step_min
    local = Calendar(zone, code).at(time_ms)
    hour = local.minute / 60
    mean = np.nanmean(load, axis=1)
    month = ((local.day % 365.2425) // 30.44).astype(int)
    cold, hot = (6, 0) if ZoneInfo(zone).key.startswith("Australia") else (0, 6)
    mild = np.minimum(_where(load, month == 3), _where(load, month == 9))
    shape = {
        "load_factor": mean / np.nanquantile(load, 0.999, axis=1),
        "next_step": _correlation(load, 1),
        "next_day": _correlation(load, day),
        "next_week": _correlation(load, 7 * day),
        "change": np.nanmean(np.abs(np.diff(load, axis=1)), axis=1) / mean,
        "night": _where(load, (hour >= 2) & (hour < 5)) / mean,
        "evening": _where(load, (hour >= 18) & (hour < 21)) / mean,
        "weekend": _where(load, local.kind > 0) / _where(load, local.kind == 0),
        "winter": _where(load, month == cold) / mild,
        "summer": _where(load, month == hot) / mild,
    }
    return {name: float(np.nanmedian(value)) for name, value in shape.items()}


def _where(load: Floats, chosen: NDArray[np.bool_]) -> Floats:
    part = load[:, chosen]
    return np.nansum(part, axis=1) / np.where(found := np.isfinite(part).sum(axis=1), found, np.nan)


def _correlation(load: Floats, lag: int) -> Floats:
    found = []
    for row in load:
        here, there = row[:-lag], row[lag:]
        both = np.isfinite(here) & np.isfinite(there)
        found.append(np.corrcoef(here[both], there[both])[0, 1])
    return np.array(found)


if __name__ == "__main__":
    main()
