"""`gridcast dead-letters`: list refused records and send them again."""

import json as json_module
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from gridcast.cli.options import Broker, Prefix, settings
from gridcast.schemas import Reason, ReplayedLetters
from gridcast.stream.dead_letters.letters import (
    DeadLetterSummary,
    LetterFilter,
    StoredLetter,
    each_once,
    read_since,
    safely,
    was_replayed,
)
from gridcast.stream.dead_letters.reader import DeadLetterReader, Tell
from gridcast.stream.dead_letters.replay import Replay, ResendPlan
from gridcast.stream.errors import UserError
from gridcast.stream.settings import Settings
from gridcast.stream.time_text import show_second

dead_letters = typer.Typer(
    name="dead-letters",
    add_completion=False,
    no_args_is_help=True,
    help="List records that could not be used, and send them again.",
)

Reasons = Annotated[
    list[Reason] | None, typer.Option("--reason", help="Only this reason; can be repeated.")
]
Since = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="Only since this time: RFC 3339, or 90m, 2h, 3d ago."),
]
FromTopic = Annotated[str | None, typer.Option("--topic", help="Only records from this topic.")]


@dead_letters.command(name="list")
def list_(
    context: typer.Context,
    *,
    broker: Broker = None,
    topic_prefix: Prefix = None,
    reason: Reasons = None,
    since: Since = None,
    topic: FromTopic = None,
    show: Annotated[bool, typer.Option("--show", help="Show the letters themselves.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="Number of newest letters to print.")] = 20,
    json: Annotated[
        bool, typer.Option("--json", help="Print the letters as one JSON object per line.")
    ] = False,
) -> None:
    """Count dead letters by reason. With --show or --json, print the newest letters."""
    chosen = settings(context, broker=broker, topic_prefix=topic_prefix)
    which = _which(chosen, reason, since, topic)
    with closing(DeadLetterReader(chosen, which.since)) as box:
        with _progress("what was sent again", box.messages) as tell:
            replays = box.replays(tell)
        summary = DeadLetterSummary(replays)
        newest: deque[StoredLetter] = deque(maxlen=limit)
        with _progress("letters", box.messages) as tell:
            for stored in each_once(filter(which.means, box.letters(tell))):
                summary.add(stored)
                newest.append(stored)
        if box.unreadable:
            typer.echo(
                f"gridcast: {box.unreadable:,} messages on {box.topic} are no dead letters",
                err=True,
            )
    letters = sorted(newest, key=lambda stored: stored.written_at)
    if json:
        for stored in letters:
            print(_as_json(stored, replays))
    elif not letters:
        print("no dead letters" + ("" if which == LetterFilter() else " that match"))
    else:
        Console(soft_wrap=True).print(_table(summary))
        if show:
            print()
            for stored in letters:
                print(_as_text(stored, replays))


@dead_letters.command()
def replay(
    context: typer.Context,
    *,
    broker: Broker = None,
    topic_prefix: Prefix = None,
    reason: Reasons = None,
    since: Since = None,
    topic: FromTopic = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would be sent, and send nothing.")
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Include letters that were replayed before.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Send the original records again to their topics, after their cause has been fixed.

    Each record is sent once, unchanged. The replay and its filters are recorded on the dead-letter
    topic, so that the next replay sends only new letters.
    """
    chosen = settings(context, broker=broker, topic_prefix=topic_prefix)
    which = _which(chosen, reason, since, topic)
    with closing(DeadLetterReader(chosen, which.since)) as box:
        with _progress("what was sent again", box.messages) as tell:
            job = Replay(box, which, again=again, tell=tell)
        with _progress("letters", box.messages) as tell:
            plan = job.plan(tell)
        count = plan.records.total()
        if not count:
            print("nothing to send again" + ("" if again else " (--again: what was replayed, too)"))
            return
        _print_plan(plan)
        if dry_run:
            print("nothing was sent (--dry-run)")
            return
        if not yes:
            _ask(count)
        with _progress("records", count) as tell:
            sent = job.send(chosen, plan, tell)
    print(f"{sent:,} sent and confirmed")


def _which(
    chosen: Settings, reasons: list[Reason] | None, since: str | None, topic: str | None
) -> LetterFilter:
    if topic is not None and not topic.startswith(chosen.topic_prefix):
        topic = chosen.topic_prefix + topic
    return LetterFilter(
        frozenset(reasons or ()),
        topic,
        None if since is None else read_since(since, datetime.now(UTC)),
    )


def _ask(count: int) -> None:
    try:
        typer.confirm(f"send {count:,} again?", abort=True)
    except typer.Abort:
        raise UserError("nothing was sent (--yes sends without asking)") from None


@contextmanager
def _progress(what: str, total: int) -> Iterator[Tell]:
    """Show a progress bar on standard error if that is a terminal."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as progress:
        task = progress.add_task(what, total=total)
        yield lambda count: progress.advance(task, count)


def _table(summary: DeadLetterSummary) -> Table:
    table = Table("reason", box=None, pad_edge=False)
    for heading in ("letters", "replayed"):
        table.add_column(heading, justify="right")
    for heading in ("oldest", "newest"):
        table.add_column(heading)
    for line in summary.lines():
        table.add_row(
            line.reason,
            f"{line.letters:,}",
            f"{line.replayed:,}",
            show_second(line.oldest),
            show_second(line.newest),
        )
    return table


def _print_plan(plan: ResendPlan) -> None:
    for topic, count in sorted(plan.records.items()):
        print(f"{count:,} to {topic}")
    reasons = ", ".join(f"{reason} {count:,}" for reason, count in plan.reasons.most_common())
    print(f"they were {reasons}")


def _as_text(stored: StoredLetter, replays: Iterable[ReplayedLetters]) -> str:
    letter = stored.letter
    entry = "" if letter.entry is None else f", entry {letter.entry}"
    replayed = "  (replayed)" if was_replayed(stored, replays) else ""
    return (
        f"{show_second(stored.written_at)}  {letter.reason}{replayed}\n"
        f"  from   {letter.topic}/{letter.partition} at {letter.offset}{entry}\n"
        f"  why    {safely(letter.detail.encode())}\n"
        f"  key    {safely(letter.original_key)}\n"
        f"  value  {safely(letter.original)}"
    )


def _as_json(stored: StoredLetter, replays: Iterable[ReplayedLetters]) -> str:
    return json_module.dumps(
        {
            "written_at": f"{stored.written_at.isoformat(timespec='milliseconds')[:-6]}Z",
            "replayed": was_replayed(stored, replays),
            **stored.letter.model_dump(mode="json"),
        }
    )
