"""From history files to archives, and to the inputs of a network."""

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
    """A file as the user named it, with its mapping and contents."""

    file: Path
    mapping_file: Path
    mapping: Mapping
    digest: str
    history: History


@dataclass(frozen=True)
class Dataset:
    """A file, ready for training."""

    title: str
    source: str
    licence: str
    file: str
    digest: str
    archive: Archive
    split: TimeSplit

    def span_ms(self, part: Part) -> tuple[int, int]:
        """Return the begin of a part and its end, exclusive."""
        first, end = self.archive.begin_ms(np.array([part.first, part.end])).tolist()
        return first, end


def read_sources(files: Sequence[Path], mappings: Sequence[Path]) -> list[Source]:
    """Read files, each with its mapping or all with one. Raise UserError if one is refused."""
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
    """Return the width of a slot in minutes: as configured, else the coarsest of the files."""
    steps = {source.file: (source.history.step_ms or 0) / MINUTE_MS for source in sources}
    coarsest = max(steps, key=lambda file: steps[file])
    step = config.features.step_minutes or steps[coarsest]
    if step not in STEPS:
        reason = (
            f"{coarsest} has a step of {step:g} min" if step else f"{coarsest} has no even step"
        )
        raise UserError(f"{reason}: set features.step_minutes to one of {listed(STEPS)}")
    if step < steps[coarsest]:
        raise UserError(
            f"{coarsest} has a step of {steps[coarsest]:g} min: features.step_minutes = {step:g}"
            " would ask for what nobody measured"
        )
    return int(step)


def make_dataset(source: Source, step_minutes: int, config: Config) -> Dataset:
    """Lay a file out by slot, as a worker's windows would hold it, and split it by time."""
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
    stations = {name: own for name, own in history.weather.items() if name in used and len(own)}
    if not stations:
        return None
    weather = Weather(step_ms, past_ms=8 * DAY_MS)
    for name, station in stations.items():
        for message in observations_of(name, station):
            weather.observe(message)
    return weather


def observations_of(name: str, station: StationHistory) -> list[WeatherObservation]:
    """Return a station's measurements as messages of the wire."""
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
            **{name: value for name, value in zip(VARIABLES, row, strict=True) if value == value},  # noqa: PLR0124 - NaN: not measured
        )
        for time_ms, available_ms, row in times
    ]


def operator_of(
    history: History, start_ms: int, step_ms: int, shape: tuple[int, ...]
) -> tuple[NDArray[np.float32] | None, NDArray[np.int64] | None]:
    """Lay the operator's forecasts out by slot. A slot is known when its last part is."""
    published = history.operator_forecasts
    if published is None:
        return None, None
    slot = (published.time_ms - start_ms) // step_ms
    inside = (slot >= 0) & (slot < shape[0])
    cell = slot[inside] * shape[1] + published.row[inside]
    size = shape[0] * shape[1]
    count = np.bincount(cell, minlength=size)
    total = np.bincount(cell, weights=published.value[inside], minlength=size)
    whole = count >= max(1, step_ms // (history.step_ms or step_ms))
    mean = np.divide(total, count, out=np.full(size, np.nan), where=whole)
    at_ms = np.zeros(size, np.int64)
    np.maximum.at(at_ms, cell, published.available_at_ms[inside])
    return mean.reshape(shape).astype(np.float32), at_ms.reshape(shape)


def listed(names: Sequence[object]) -> str:
    """Return names as an enumeration."""
    return ", ".join(map(str, names))
