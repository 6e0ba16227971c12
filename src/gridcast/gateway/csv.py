"""Forecasts and readings as CSV, for spreadsheets."""

from datetime import timedelta

from gridcast.schemas import Forecast
from gridcast.schemas.fields import write_time
from gridcast.schemas.gateway.http import RecentPast


def forecast_csv(forecast: Forecast) -> str:
    """Return CSV with one line per slot: its begin, and the load at each quantile level, kW."""
    step = timedelta(minutes=forecast.step_minutes)
    names = ["time", *(f"kw_{level:g}" for level in forecast.levels)]
    rows = [
        [write_time(forecast.first + slot * step), *(f"{value:.10g}" for value in values)]
        for slot, values in enumerate(zip(*forecast.quantiles, strict=True))
    ]
    return _lines([names, *rows])


def past_csv(past: RecentPast) -> str:
    """Return CSV with one line per slot: its begin, and the mean of its readings, kW."""
    rows = [
        [write_time(time), f"{mean:.10g}"] for time, mean in zip(past.time, past.mean, strict=True)
    ]
    return _lines([["time", "mean_kw"], *rows])


def _lines(rows: list[list[str]]) -> str:
    """Join rows with line ends as in RFC 4180. No value needs quotes."""
    return "".join(",".join(row) + "\r\n" for row in rows)
