"""Labelled sets for detectors in Parquet files, one row per reading."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from gridcast.models.evaluation.detection.labelled_series import LabelledSeries
from gridcast.stream.errors import UserError

COLUMNS = ("ts", "entity", "value", "label")


def read_set(path: Path, *, joined: bool = False) -> list[LabelledSeries]:
    """Read a set. `joined` concatenates the traces of one device (the name before the first `/`).

    Normal traces come first: a detector cannot know a device that it has never seen working.
    """
    schema = pq.read_schema(path)
    missing = [name for name in COLUMNS if name not in schema.names]
    if missing:
        raise UserError(f"{path}: no column {', '.join(missing)}")
    table = pq.read_table(path, columns=list(COLUMNS))
    time_ms = table["ts"].to_numpy().astype("datetime64[ms]").astype(np.int64)
    entity = np.asarray(table["entity"].to_pylist())
    value = table["value"].to_numpy().astype(np.float64)
    label = table["label"].to_numpy().astype(np.int64)
    names, first, place = np.unique(entity, return_index=True, return_inverse=True)
    traces = []
    for number in np.argsort(first).tolist():
        rows = np.flatnonzero(place == number)
        rows = rows[~np.isnan(value[rows])]
        traces.append(LabelledSeries(str(names[number]), time_ms[rows], value[rows], label[rows]))
    return _by_device(traces) if joined else traces


def _by_device(traces: list[LabelledSeries]) -> list[LabelledSeries]:
    devices: dict[str, list[LabelledSeries]] = {}
    for trace in traces:
        devices.setdefault(trace.name.partition("/")[0], []).append(trace)
    joined = []
    for name, parts in devices.items():
        parts.sort(key=lambda part: (bool(part.label.any()), part.time_ms[0]))
        value = np.concatenate([part.value for part in parts])
        label = np.concatenate([part.label for part in parts])
        # Days that do not follow on each other are laid end to end.
        steps = np.concatenate([np.diff(part.time_ms, prepend=part.time_ms[0]) for part in parts])
        joined.append(LabelledSeries(name, np.cumsum(np.maximum(steps, 0)), value, label))
    return joined
