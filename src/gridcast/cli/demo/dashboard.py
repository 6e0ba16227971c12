"""The demo's terminal output: a live dashboard, or single lines for logs."""

from collections import deque
from datetime import UTC, datetime

from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from gridcast.cli.demo.topic_monitor import Picture
from gridcast.schemas import Forecast

BARS = "▁▂▃▄▅▆▇█"
HISTORY = 60
# Readings since the last tick are not acknowledged yet, and a tick takes a moment.
BEHIND_S = 4.0


class Dashboard:
    """Draws the demo's state. Keeps only the recent load for its curve."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._loads: deque[float] = deque(maxlen=HISTORY)
        self.screen: str | None = None
        """Address of the control-room screen."""

    def draw(self, picture: Picture) -> RenderableType:
        """Return one frame."""
        self._loads.append(sum(picture.load_kw.values()))
        return Group(
            Text(self._title, style="bold"),
            Columns([_flow(picture), _dead_letters(picture)], expand=False),
            self._load(picture),
            Text(f"the control-room screen: {self.screen or 'starting'}", style="bold"),
            Text("Ctrl-C stops everything and leaves nothing behind", style="dim"),
        )

    def _load(self, picture: Picture) -> RenderableType:
        if not picture.load_kw:
            return Panel("no reading of a zone yet", title="load", title_align="left")
        table = Table(box=None, padding=(0, 2), show_edge=False, header_style="dim")
        for heading in ("", "now", "in 1 h", "90 % sure between", "in 24 h", "who answered"):
            table.add_column(heading, justify="right" if heading else "left")
        for zone, value in sorted(picture.load_kw.items()):
            forecast = _forecast(picture.forecast.get(zone))
            table.add_row(picture.zones[zone], _megawatts(value), *forecast)
        curve = Text.assemble(sparkline(self._loads), "  all zones, the newest at the right")
        return Panel(Group(table, curve), title="load, MW", title_align="left")


def _forecast(forecast: Forecast | None) -> list[str]:
    """Return the columns of a forecast: median and band an hour ahead, and the last median."""
    if forecast is None:
        return ["", "no forecast yet", "", ""]
    middle = forecast.quantiles[len(forecast.levels) // 2]
    hour = min(60 // forecast.step_minutes, len(middle) - 1)
    low, high = forecast.quantiles[0][hour], forecast.quantiles[-1][hour]
    answered_by = f"{forecast.rung} at {forecast.tick:%H:%M}"
    band = f"{_megawatts(low)} and {_megawatts(high)}"
    return [_megawatts(middle[hour]), band, _megawatts(middle[-1]), answered_by]


def _megawatts(kilowatts: float) -> str:
    return f"{kilowatts / 1000:.3f}"


def line(picture: Picture) -> str:
    """Return the state as one line for logs."""
    letters = ", ".join(f"{name} {count:,}" for name, count in picture.letters.most_common())
    return (
        f"event time {event_time(picture)}, {picture.series:,} series,"
        f" {picture.sent:,} readings sent ({picture.sent_per_s:,.0f}/s),"
        f" {picture.worked:,} kept ({picture.worked_per_s:,.0f}/s), lag {picture.lag:,},"
        f" {picture.forecasts:,} forecasts ({picture.forecasts_per_s:,.0f}/s),"
        f" dead letters {picture.letters.total():,}" + (f" ({letters})" if letters else "")
    )


def event_time(picture: Picture) -> str:
    """Return the event time of the newest reading as text."""
    if picture.newest_ms is None:
        return "not known yet"
    newest = datetime.fromtimestamp(picture.newest_ms / 1000, UTC)
    return f"{newest:%a %Y-%m-%d %H:%M} UTC"


def sparkline(values: "deque[float] | list[float]") -> str:
    """Return values as a row of bars, scaled from the lowest to the highest.

    >>> sparkline([1, 2, 3])
    '▁▅█'
    """
    low, high = min(values), max(values)
    height = (high - low) or 1.0
    return "".join(BARS[round((value - low) / height * (len(BARS) - 1))] for value in values)


def _flow(picture: Picture) -> Panel:
    keeps_up = picture.lag <= max(BEHIND_S * picture.sent_per_s, 1)
    state = ("[green]keeps up[/]", "[bold red]falls behind[/]")[not keeps_up]
    table = Table.grid(padding=(0, 2))
    table.add_row("event time", event_time(picture))
    table.add_row("series", f"{picture.series:,}")
    table.add_row("readings sent", f"{picture.sent:,}  ({picture.sent_per_s:,.0f}/s)")
    table.add_row("kept", f"{picture.worked:,}  ({picture.worked_per_s:,.0f}/s)")
    table.add_row("forecasts", f"{picture.forecasts:,}  ({picture.forecasts_per_s:,.0f}/s)")
    parts = " ".join(f"{lag:,}" for _, lag in sorted(picture.lag_by_partition.items()))
    table.add_row("lag", f"{picture.lag:,}  {state}  [dim]by partition: {parts}[/]")
    return Panel(table, title="readings and forecasts", title_align="left")


def _dead_letters(picture: Picture) -> Panel:
    table = Table.grid(padding=(0, 2))
    for reason, count in picture.letters.most_common():
        table.add_row(reason, f"{count:,}")
    if not picture.letters:
        table.add_row("none: every reading could be used")
    if picture.last_letter is not None:
        table.add_row("[dim]newest[/]", Text(picture.last_letter.detail[:60], style="dim"))
    return Panel(table, title="dead letters by reason", title_align="left")
