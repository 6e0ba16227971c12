"""Open a recording by the name that a user gave."""

from pathlib import Path

from gridcast.learning.history import load_mapping, read_history
from gridcast.learning.training.dataset import observations_of
from gridcast.stream.errors import UserError
from gridcast.stream.recording.folder import read_folder
from gridcast.stream.recording.recording import Recording, WeatherMessage, arrivals_of, in_order

LIVE = "topics"
"""The source that is not a file: the live topics of this deployment."""


def open_source(source: Path, mapping: Path | None) -> Recording:
    """Open a history file with its mapping, or a folder of `gridcast simulate`."""
    if not source.exists():
        raise UserError(f"there is no file or folder {source}")
    if source.is_dir():
        if mapping is not None:
            raise UserError(f"--mapping is for a file; {source} is a folder of `gridcast simulate`")
        recording = read_folder(source)
    elif mapping is None:
        raise UserError(f"{source}: describe its columns: --mapping FILE (docs/howto/history.md)")
    else:
        recording = _read_file(source, mapping)
    if not len(recording.arrivals):
        raise UserError(f"{source} has no readings")
    return recording


def _read_file(source: Path, mapping: Path) -> Recording:
    history = read_history(source, load_mapping(mapping))
    slot_ms = history.step_ms or 0
    weather: list[WeatherMessage] = []
    for name, station in history.weather.items():
        weather += observations_of(name, station)
    return Recording(
        title=history.title,
        series=history.series,
        arrivals=arrivals_of(history, slot_ms),
        weather=in_order(weather),
        slot_ms=slot_ms,
        operator_forecasts=history.operator_forecasts,
    )
