"""`gridcast alarms`: list, acknowledge, shelve and unshelve alarms."""

from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import uuid4

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.text import Text

from gridcast.cli.options import Broker, By, Prefix, settings, who
from gridcast.schemas import Action, Alarm, Command
from gridcast.stream.alarm_client import AlarmClient
from gridcast.stream.dead_letters.letters import safely
from gridcast.stream.errors import UserError
from gridcast.stream.time_text import show_second

alarms = typer.Typer(
    name="alarms",
    add_completion=False,
    no_args_is_help=True,
    help="List, acknowledge, shelve and unshelve alarms.",
)

WAIT_S = 15.0

Which = Annotated[
    str, typer.Argument(metavar="ALARM", help="The alarm's name, as `list` shows it.")
]
Note = Annotated[str, typer.Option(help="The reason, in your words.")]
HOURS = {"m": 1 / 60, "h": 1.0, "d": 24.0}


@alarms.command(name="list")
def list_(
    context: typer.Context,
    *,
    broker: Broker = None,
    topic_prefix: Prefix = None,
    over: Annotated[bool, typer.Option("--all", help="Include alarms that are over.")] = False,
    json: Annotated[bool, typer.Option("--json", help="A JSON object a line.")] = False,
) -> None:
    """List the alarms and their state."""
    client = AlarmClient(settings(context, broker=broker, topic_prefix=topic_prefix))
    listed = [alarm for alarm in client.alarms() if over or alarm.active]
    if json:
        for alarm in listed:
            print(alarm.to_bytes().decode())
    elif not listed:
        print("no alarms" if over else "no active alarms")
    else:
        console = Console(soft_wrap=True, highlight=False)
        for alarm in listed:
            console.print(_line(alarm))


@alarms.command()
def acknowledge(
    context: typer.Context,
    alarm: Which,
    *,
    by: By = None,
    note: Note = "",
    broker: Broker = None,
    topic_prefix: Prefix = None,
) -> None:
    """Acknowledge an alarm: you have seen it."""
    client = AlarmClient(settings(context, broker=broker, topic_prefix=topic_prefix))
    current = client.active(alarm)
    if current.acknowledged_at is not None:
        print(f"{alarm} is {_state(current)} already")
        return
    _do(client, current, Action.ACKNOWLEDGE, by, note)


@alarms.command()
def shelve(
    context: typer.Context,
    alarm: Which,
    *,
    how_long: Annotated[str, typer.Option("--for", metavar="TIME", help="Such as 30m, 2h, 1d.")],
    by: By = None,
    note: Note = "",
    broker: Broker = None,
    topic_prefix: Prefix = None,
) -> None:
    """Hide an alarm for a time. Its condition is still monitored."""
    chosen = settings(context, broker=broker, topic_prefix=topic_prefix)
    hours = _hours(how_long)
    if hours > chosen.shelve_hours:
        raise UserError(
            f"--for {how_long}: an alarm is shelved for {chosen.shelve_hours:g} hours at most "
            "(setting shelve_hours)"
        )
    client = AlarmClient(chosen)
    _do(client, client.active(alarm), Action.SHELVE, by, note, timedelta(hours=hours))


@alarms.command()
def unshelve(
    context: typer.Context,
    alarm: Which,
    *,
    by: By = None,
    note: Note = "",
    broker: Broker = None,
    topic_prefix: Prefix = None,
) -> None:
    """Show a shelved alarm again."""
    client = AlarmClient(settings(context, broker=broker, topic_prefix=topic_prefix))
    current = client.active(alarm)
    if current.shelved_until is None:
        print(f"{alarm} is not shelved")
        return
    _do(client, current, Action.UNSHELVE, by, note)


def _do(  # noqa: PLR0917
    client: AlarmClient,
    current: Alarm,
    action: Action,
    by: str | None,
    note: str,
    how_long: timedelta | None = None,
) -> None:
    now = datetime.now(UTC)
    try:
        command = Command(
            command=str(uuid4()),
            alarm=current.alarm,
            action=action,
            by=who(by),
            at=now,
            until=None if how_long is None else now + how_long,
            note=note,
        )
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise UserError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    client.send(command)
    with Console(stderr=True).status("waiting for the worker that has it"):
        changed = client.wait(current, WAIT_S)
    if changed is None:
        print(f"sent; no worker has done it within {WAIT_S:.0f} s: is one running?")
    else:
        print(f"{current.alarm} is {_state(changed)}")


def _hours(text: str) -> float:
    number, unit = text[:-1], text[-1:]
    try:
        hours = float(number) * HOURS[unit]
    except (KeyError, ValueError):
        hours = 0.0
    if not 0 < hours < float("inf"):
        raise UserError(f"--for {text}: a time is a number and m, h or d, such as 2h")
    return hours


def _state(alarm: Alarm) -> str:
    if not alarm.active:
        return "over"
    states = []
    if alarm.acknowledged_by is not None:
        states.append(f"acknowledged by {alarm.acknowledged_by}")
    if alarm.shelved_until is not None:
        states.append(f"shelved until {show_second(alarm.shelved_until)}")
    return ", ".join(states) or "active"


def _line(alarm: Alarm) -> Text:
    """Return an alarm's state in two lines. The name is never cut, so that it can be copied."""
    colour = "dim" if not alarm.active else "red" if alarm.acknowledged_at is None else "yellow"
    text = Text().append(alarm.alarm, "bold")
    text.append(f"  {alarm.priority}, since {show_second(alarm.raised_at)}, ")
    text.append(safely(_state(alarm).encode()), colour)
    return text.append(f"\n  {safely(alarm.text.encode())}")
