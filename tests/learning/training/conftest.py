"""A made-up history: days that look like load, in a CSV with its mapping."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

START = np.datetime64("2024-03-04T00:00")  # a Monday


class MadeUp(NamedTuple):
    file: Path
    mapping: Path


Make = Callable[..., MadeUp]


@pytest.fixture
def make_history(tmp_path: Path) -> Make:
    """Give a way to make histories in the test's own folder."""
    return _maker(tmp_path)


@pytest.fixture(scope="module")
def make_shared_history(tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Give a way to make histories that the tests of a module share."""
    return _maker(tmp_path_factory.mktemp("histories"))


def _maker(folder: Path) -> Make:
    """Give a way to make histories: sines of the day and week, weather, some noise."""

    def make(
        name: str = "town", *, days: int = 40, step: int = 60, series: int = 1, mapping: str = ""
    ) -> MadeUp:
        random = np.random.default_rng(7)
        slots = days * 1440 // step
        hours = np.arange(slots) * step / 60
        lines = ["time,series,load,temp"]
        for row in range(series):
            size = 100.0 * 3**row
            shape = 1 + 0.3 * np.sin(hours / 24 * 2 * np.pi) + 0.1 * np.sin(hours / 168 * 2 * np.pi)
            load = size * (shape + 0.03 * random.normal(size=slots))
            temperature = 10 + 5 * np.sin(hours / 240 * 2 * np.pi)
            for slot in range(slots):
                time = START + np.timedelta64(slot * step, "m")
                lines.append(f"{time}Z,s-{row},{load[slot]:.3f},{temperature[slot]:.2f}")
        file = folder / f"{name}.csv"
        file.write_text("\n".join(lines) + "\n")
        described = folder / f"{name}.toml"
        described.write_text(
            f'title = "{name}"\nsource = "made up"\nlicence = "none"\nstep_minutes = {step}\n'
            '[time]\ncolumn = "time"\nzone = "UTC"\nmarks = "begin"\n'
            '[load]\nunit = "kW"\nseries_column = "series"\nvalue_column = "load"\n'
            '[series_defaults]\nholidays = "DE"\ntime_zone = "Europe/Berlin"\n'
            "[weather.roof]\navailable_after_minutes = 0\n"
            'temperature_c = { column = "temp", unit = "C" }\n' + mapping
        )
        return MadeUp(file, described)

    return make
