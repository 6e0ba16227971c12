"""The picture, drawn: a screen that renews itself in a terminal, lines anywhere else."""

from collections import deque
from datetime import UTC, datetime

from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from gridcast.stream.demo.watch import Picture

BARS = "▁▂▃▄▅▆▇█"
HISTORY = 60
# A worker that keeps up has what came within the last two seconds before it, and no more.
BEHIND_S = 2.0


class View:
    """Draws pictures; remembers just enough of the former ones for the curve of the load."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._loads: deque[float] = deque(maxlen=HISTORY)

    def draw(self, picture: Picture) -> RenderableType:
        """Draw one screen."""
        self._loads.append(sum(picture.load_kw.values()))
        return Group(
            Text(self._title, style="bold"),
            Columns([_flow(picture), _dead_letters(picture)], expand=False),
            self._load(picture),
            Text("Ctrl-C stops everything and leaves nothing behind", style="dim"),
        )

    def _load(self, picture: Picture) -> RenderableType:
        if not picture.load_kw:
            return Panel("no reading yet", title="load", title_align="left")
        table = Table.grid(padding=(0, 2))
        for name, value in sorted(picture.load_kw.items()):
            table.add_row(name, f"{value / 1000:8.3f} MW")
        curve = Text.assemble(sparkline(self._loads), "  all zones, the newest at the right")
        return Panel(Group(table, curve), title="load now", title_align="left")


def line(picture: Picture) -> str:
    """Give the picture in one line, for logs."""
    letters = ", ".join(f"{name} {count:,}" for name, count in picture.letters.most_common())
    return (
        f"event time {event_time(picture)}, {picture.series:,} series,"
        f" {picture.sent:,} readings sent ({picture.sent_per_s:,.0f}/s),"
        f" {picture.worked:,} worked off ({picture.worked_per_s:,.0f}/s), lag {picture.lag:,},"
        f" dead letters {picture.letters.total():,}" + (f" ({letters})" if letters else "")
    )


def event_time(picture: Picture) -> str:
    """Say how far the readings have come in event time."""
    if picture.newest_ms is None:
        return "not known yet"
    newest = datetime.fromtimestamp(picture.newest_ms / 1000, UTC)
    return f"{newest:%a %Y-%m-%d %H:%M} UTC"


def sparkline(values: "deque[float] | list[float]") -> str:
    """Draw values as a row of bars, the lowest to the highest over the whole height.

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
    table.add_row("worked off", f"{picture.worked:,}  ({picture.worked_per_s:,.0f}/s)")
    parts = " ".join(f"{lag:,}" for _, lag in sorted(picture.lag_by_partition.items()))
    table.add_row("lag", f"{picture.lag:,}  {state}  [dim]by partition: {parts}[/]")
    return Panel(table, title="meter.readings", title_align="left")


def _dead_letters(picture: Picture) -> Panel:
    table = Table.grid(padding=(0, 2))
    for reason, count in picture.letters.most_common():
        table.add_row(reason, f"{count:,}")
    if not picture.letters:
        table.add_row("none: every reading could be used")
    if picture.last_letter is not None:
        table.add_row("[dim]newest[/]", Text(picture.last_letter.detail[:60], style="dim"))
    return Panel(table, title="dead letters by reason", title_align="left")
