"""Generating readings to arrays, all dirt included: the whole feed in the order of its arrival.

Limit: at least 1,000,000 readings a CPU second. Beside it, in the same run: the same grid without
faults, a storm, larger and smaller grids, the true load alone, and what the sinks cost on top.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path
from threading import Event

from common import arguments, in_turn, result, show

from gridcast.models.simulator import FAULTS, Simulation, build_grid, spread_series
from gridcast.sources.simulator.folder import Folder
from gridcast.sources.simulator.messages import FrameWriter
from gridcast.sources.simulator.run import run
from gridcast.stream.recording.reading_writer import ReadingWriter
from gridcast.units import HOUR_MS

LIMIT = 1_000_000
START_MS = 1_704_067_200_000  # 2024-01-01


class Grid:
    """One grid and a way to run through some hours of it, going on where the last run ended."""

    def __init__(self, series: int, hours: int, faults: str = "mild", step_s: int = 60) -> None:
        grid = build_grid(1, "DE", spread_series(series))
        self.simulation = Simulation(grid, 1, step_s, FAULTS[faults])
        self.span_ms = hours * HOUR_MS * step_s // 60
        self.count = 0
        self._at_ms = START_MS

    def feed(self, use: Callable[[object], object] = len) -> None:
        """Generate the next hours; hand the readings of each chunk on."""
        self.count = 0
        for chunk in self.simulation.chunks(self._at_ms, self._at_ms + self.span_ms):
            use(chunk.arrivals)
            self.count += len(chunk.arrivals)
        self._at_ms += self.span_ms

    def load(self) -> None:
        """Compute the true load of the next hours."""
        truth = self.simulation.truth(self._at_ms, self._at_ms + self.span_ms)
        self.count = truth.value.size
        self._at_ms += self.span_ms

    def write(self) -> None:
        """Write the next hours into Parquet files."""
        with tempfile.TemporaryDirectory() as folder:
            start, end = self._at_ms, self._at_ms + self.span_ms
            sink = Folder(self.simulation, Path(folder), "parquet", truth=False, about={})
            chunks = self.simulation.chunks(start, end)
            self.count = run(chunks, [sink], start, end, Event()).readings
        self._at_ms += self.span_ms


def main() -> None:
    parser = arguments(__doc__)
    given = parser.parse_args()
    hours, rounds = (6, 3) if given.quick else (24, 7)
    few = max(1, hours // 6)
    grids = {
        "gridcast": Grid(1000, hours),
        "storm": Grid(1000, hours, "storm"),
        "clean": Grid(1000, hours, "none"),
        "quarter_hours": Grid(1000, hours, step_s=900),
        "series_100": Grid(100, 10 * hours),
        "series_20k": Grid(20_000, few),
        "load": Grid(1000, hours),
        "parquet": Grid(1000, hours),
        "json": Grid(1000, few),
        "frames": Grid(1000, few),
    }
    readings = ReadingWriter(grids["json"].simulation.grid.ids)
    frames = FrameWriter(grids["frames"].simulation.grid)
    calls: dict[str, Callable[[], object]] = {name: grid.feed for name, grid in grids.items()}
    calls["load"] = grids["load"].load
    calls["parquet"] = grids["parquet"].write
    calls["json"] = lambda: grids["json"].feed(lambda batch: list(readings.write(batch)))
    calls["frames"] = lambda: grids["frames"].feed(lambda batch: list(frames.write(batch)))

    runs = in_turn(calls, rounds)
    per_cpu_s = {name: grids[name].count / taken.cpu_s for name, taken in runs.items()}
    per_s = {name: grids[name].count / taken.wall_s for name, taken in runs.items()}
    labels = {
        "gridcast": "feed, 1,000 series each minute, mild faults",
        "storm": "the same, storm",
        "clean": "the same, no faults",
        "quarter_hours": "the same, each quarter of an hour",
        "series_100": "the same, 100 series",
        "series_20k": "the same, 20,000 series",
        "load": "true load alone",
        "parquet": "feed into Parquet files, weather and labels too",
        "json": "feed as JSON, one reading a message",
        "frames": "feed as JSON frames",
    }
    rows = [
        [
            label,
            f"{grids[name].count:,}",
            f"{per_cpu_s[name]:,.0f}",
            f"{per_s[name]:,.0f}",
        ]
        for name, label in labels.items()
    ]
    title = f"simulated readings, medians of {rounds} rounds in turn"
    show(title, ["what", "readings", "readings / CPU s", "readings / wall s"], rows)
    verdict = "met" if per_cpu_s["gridcast"] >= LIMIT else "MISSED"
    print(f"limit {LIMIT:,} readings / CPU s: {verdict}")
    if given.json:
        figures = {"readings_per_s": per_s["gridcast"]}
        figures |= {
            ("" if name == "gridcast" else f"{name}_") + "readings_per_cpu_s": figure
            for name, figure in per_cpu_s.items()
        }
        figures["limit"] = LIMIT
        print(result("simulate", {name: round(figure) for name, figure in figures.items()}))


if __name__ == "__main__":
    main()
