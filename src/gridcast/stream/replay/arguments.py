"""The arguments of `gridcast replay`, checked."""

import time
from pathlib import Path

from gridcast.stream.errors import UserError
from gridcast.stream.recording import Recording
from gridcast.stream.replay.pace import read_speed
from gridcast.stream.replay.run import ReplayRequest
from gridcast.stream.settings import Settings
from gridcast.stream.time_text import read_time
from gridcast.units import DAY_MS


def ask(
    live: Settings,
    settings: Settings,
    recording: Recording | None,
    *,
    start: str | None,
    end: str | None,
    speed: str,
    workers: int,
    config: Path | None,
) -> ReplayRequest:
    """Return the request, with defaults for what was not given."""
    from_ms = None if start is None else read_time(start, "--from")
    to_ms = None if end is None else read_time(end, "--to")
    if recording is None:
        if from_ms is None:
            raise UserError("--from is required to replay the live topics")
        to_ms = round(time.time() * 1000) if to_ms is None else to_ms
    else:
        first = recording.first_ms + settings.window_days * DAY_MS
        from_ms = min(first, recording.end_ms) if from_ms is None else from_ms
        to_ms = recording.end_ms if to_ms is None else to_ms
    if to_ms <= from_ms and not (recording is not None and start is None):
        raise UserError("--to is not after --from")
    return ReplayRequest(
        settings, live, recording, from_ms, to_ms, read_speed(speed), workers, config
    )
