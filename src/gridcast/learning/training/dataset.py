"""From files of history to archives, and from what is in them to what a network is shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gridcast.learning.history import History, Mapping, StationHistory, check_history, load_mapping
from gridcast.learning.training.config import Config
from gridcast.learning.training.provenance import file_digest
from gridcast.learning.training.slots import lay_out
from gridcast.models.archive import Archive
from gridcast.models.evaluation.splits import Part, TimeSplit, hold_out
from gridcast.models.weather import Weather
from gridcast.models.windows.spec import STEPS
from gridcast.schemas.weather import VARIABLES, WeatherObservation
from gridcast.stream.errors import UserError
from gridcast.units import DAY_MS, HOUR_MS, MINUTE_MS, WEEK_MS, utc_time


@dataclass(frozen=True)
class Source:
    """A file as the user named it, with its mapping and what was read."""

    file: Path
    mapping_file: Path
    mapping: Mapping
    digest: str
    history: History


@dataclass(frozen=True)
class Dataset:
    """A file, ready to be learned from."""

    title: str
    source: str
    licence: str
    file: str
    digest: str
    archive: Archive
    split: TimeSplit

    def span_ms(self, part: Part) -> tuple[int, int]:
        """Give when a part begins, and what comes after it."""
        first, end = self.archive.begin_ms(np.array([part.first, part.end])).tolist()
        return first, end


def read_sources(files: Sequence[Path], mappings: Sequence[Path]) -> list[Source]:
    """Read files, each under its mapping (or all under one); what is refused is a UserError."""
    if len(mappings) not in {1, len(files)}:
        raise UserError(
            f"{len(files)} files but {len(mappings)} mappings: one --mapping for all, or one each,"
            " in the same order"
        )
    every = mappings if len(mappings) == len(files) else [mappings[0]] * len(files)
    sources = []
    for file, path in zip(files, every, strict=True):
        mapping = load_mapping(path)
        history, report = check_history(file, mapping)
        if report.refusal is not None:
            raise UserError(report.refusal)
        if not len(history):
            raise UserError(f"{file} has no reading to learn from")
        sources.append(Source(file, path, mapping, file_digest(file), history))
    titles = [source.mapping.title for source in sources]
    if doubled := next((title for title in titles if titles.count(title) > 1), None):
        raise UserError(f"two files are titled {doubled!r}: give each mapping a title of its own")
    return sources


def step_of(sources: Sequence[Source], config: Config) -> int:
    """Choose the width of a slot, minutes: as configured, else the coarsest of the files."""
    found = {source.file: (source.history.step_ms or 0) / MINUTE_MS for source in sources}
    coarsest = max(found, key=lambda file: found[file])
    step = config.features.step_minutes or found[coarsest]
    if step not in STEPS:
        told = f"{coarsest} has a step of {step:g} min" if step else f"{coarsest} has no even step"
        raise UserError(f"{told}: say features.step_minutes, one of {listed(STEPS)}")
    if step < found[coarsest]:
        raise UserError(
            f"{coarsest} has a step of {found[coarsest]:g} min: features.step_minutes = {step:g}"
            " would ask for what nobody measured"
        )
    return int(step)


def make_dataset(source: Source, step_minutes: int, config: Config) -> Dataset:
    """Lay a file out by slot, as the windows of a worker would show it, and split it by time."""
    history, step_ms = source.history, step_minutes * MINUTE_MS
    usual_ms = max(step_ms, history.step_ms or 0)
    slots = lay_out(history, step_ms, config.features.hold_minutes * MINUTE_MS or usual_ms)
    operator, operator_at_ms = operator_of(history, slots.start_ms, step_ms, slots.mean.shape)
    archive = Archive(
        start_ms=slots.start_ms,
        step_minutes=step_minutes,
        series=history.series,
        mean=slots.mean,
        mark=slots.mark,
        weather=_weather(history, step_ms),
        operator=operator,
        operator_at_ms=operator_at_ms,
    )
    test = 1 - config.split.train - config.split.validation
    weeks = int(len(archive) * config.split.validation * step_ms) // WEEK_MS
    stretches = max(1, min(config.split.stretches, weeks))
    split = hold_out(len(archive), config.split.validation, test, stretches)
    mapping = source.mapping
    least = round(config.features.horizon_hours * HOUR_MS / step_ms) + 1
    for name, part in (("validation", split.validation), ("test", split.test)):
        if len(part) < least:
            raise UserError(
                f"{source.file} spans {len(archive) * step_ms / DAY_MS:.3g} days: its {name} part"
                f" of {len(part) * step_ms / HOUR_MS:.3g} h is too short to judge forecasts of"
                f" {config.features.horizon_hours} h by"
            )
    return Dataset(
        title=mapping.title,
        source=mapping.source,
        licence=mapping.licence,
        file=source.file.name,
        digest=source.digest,
        archive=archive,
        split=split,
    )


def _weather(history: History, step_ms: int) -> Weather | None:
    used = {series.station for series in history.series}
    stations = {name: one for name, one in history.weather.items() if name in used and len(one)}
    if not stations:
        return None
    weather = Weather(step_ms, past_ms=8 * DAY_MS)
    for name, station in stations.items():
        for message in observations_of(name, station):
            weather.observe(message)
    return weather


def observations_of(name: str, station: StationHistory) -> list[WeatherObservation]:
    """Write what a station measured as it would have come over the wire."""
    times = zip(
        station.time_ms.tolist(),
        station.available_at_ms.tolist(),
        station.value.tolist(),
        strict=True,
    )
    return [
        WeatherObservation(
            station=name,
            time=utc_time(time_ms),
            available_at=utc_time(available_ms),
            **{name: one for name, one in zip(VARIABLES, row, strict=True) if one == one},  # noqa: PLR0124 - NaN: not measured
        )
        for time_ms, available_ms, row in times
    ]


def operator_of(
    history: History, start_ms: int, step_ms: int, shape: tuple[int, ...]
) -> tuple[NDArray[np.float32] | None, NDArray[np.int64] | None]:
    """Lay the operator's forecasts out by slot: known once the last of a slot is."""
    found = history.operator_forecasts
    if found is None:
        return None, None
    slot = (found.time_ms - start_ms) // step_ms
    inside = (slot >= 0) & (slot < shape[0])
    cell = slot[inside] * shape[1] + found.row[inside]
    size = shape[0] * shape[1]
    count = np.bincount(cell, minlength=size)
    total = np.bincount(cell, weights=found.value[inside], minlength=size)
    whole = count >= max(1, step_ms // (history.step_ms or step_ms))
    mean = np.divide(total, count, out=np.full(size, np.nan), where=whole)
    at_ms = np.zeros(size, np.int64)
    np.maximum.at(at_ms, cell, found.available_at_ms[inside])
    return mean.reshape(shape).astype(np.float32), at_ms.reshape(shape)


def listed(names: Sequence[object]) -> str:
    """Write some names in a row."""
    return ", ".join(map(str, names))
