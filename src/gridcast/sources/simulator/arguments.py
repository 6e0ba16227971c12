"""Parse the arguments of `gridcast simulate`. Errors are one line each."""

import re
from collections.abc import Mapping
from pathlib import Path

import holidays

from gridcast.models.simulator import COUNTRIES, spread_series
from gridcast.stream.errors import UserError
from gridcast.stream.time_text import read_time
from gridcast.units import DAY_MS

_LEAST_SERIES = 3  # a zone, a feeder, a meter


def check_places(
    out: Path | None,
    *,
    to_topics: bool,
    for_topics: Mapping[str, bool],
    for_files: Mapping[str, bool],
) -> None:
    """Raise an error if there is no destination, or a flag belongs to another destination."""
    if out is None and not to_topics:
        raise UserError("no destination: use --out DIR, --to-topics, or both")
    for flag in (flag for flag, given in for_topics.items() if given and not to_topics):
        raise UserError(f"{flag} is for --to-topics")
    for flag in (flag for flag, given in for_files.items() if given and out is None):
        raise UserError(f"{flag} writes a file: use --out DIR as well")


def read_tree(
    series: int | None, zones: int | None, feeders: int | None, meters: int | None
) -> list[list[int]]:
    """Return the meters on each feeder of each zone."""
    if series is not None:
        if (zones, feeders, meters) != (None, None, None):
            raise UserError("--series excludes --zones, --feeders and --meters")
        if series < _LEAST_SERIES:
            raise UserError(f"--series: at least {_LEAST_SERIES} (a zone, a feeder, a meter)")
        return spread_series(series)
    sizes = {"zones": zones, "feeders": feeders, "meters": meters}
    if set(sizes.values()) == {None}:
        raise UserError("no size: use --series N, or --zones, --feeders and --meters")
    for name, size in sizes.items():
        if size is not None and size < 1:
            raise UserError(f"--{name}: at least 1")
    return [[meters or 50] * (feeders or 10)] * (zones or 1)


def read_country(text: str) -> str:
    """Return a known country, or a part of a country with holidays of its own."""
    country, _, part = text.partition("-")
    if country not in COUNTRIES:
        raise UserError(f"--country: {country!r} is not one of {', '.join(COUNTRIES)}")
    if part:
        parts = [
            code
            for code in holidays.list_supported_countries().get(country, [])
            if re.fullmatch("[A-Z0-9]{1,3}", code)  # ISO 3166-2, as on the wire
        ]
        if part not in parts:
            raise UserError(
                f"--country: no part {part!r}; {country} has {', '.join(parts) or 'none'}"
            )
    return text


def read_span(
    start: str | None, end: str | None, days: float | None, now_ms: int, *, live: bool
) -> tuple[int, int | None]:
    """Return start and end in milliseconds.

    A live run starts now and runs until stopped. Any other ends at the last midnight (UTC).
    """
    if end is not None and days is not None:
        raise UserError("--to and --days exclude each other")
    if days is not None and not 0 < days < 100_000:
        raise UserError(f"--days: above 0, not {days:g}")
    length_ms = None if days is None else round(days * DAY_MS)
    end_ms = None if end is None else read_time(end, "--to")
    if start is not None:
        start_ms = read_time(start, "--from")
    elif live:
        start_ms = now_ms
    elif length_ms is None:
        raise UserError("no start and end: use --from and --to, or --days")
    else:
        start_ms = now_ms // DAY_MS * DAY_MS - length_ms
    if length_ms is not None:
        end_ms = start_ms + length_ms
    if end_ms is None and not live:
        raise UserError("no end: use --to or --days (only --to-topics can run for ever)")
    if end_ms is not None and end_ms <= start_ms:
        raise UserError("--to is not after --from")
    return start_ms, end_ms
