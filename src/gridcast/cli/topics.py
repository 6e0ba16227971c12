"""`gridcast topics`: the topics that this deployment needs, in the Kafka that it uses."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from gridcast.cli.options import Broker, Prefix, settings
from gridcast.stream.kafka.topic_admin import TopicAdmin, TopicPlan, TopicState

topics = typer.Typer(
    name="topics", add_completion=False, help="Make and check the topics.", no_args_is_help=True
)

Partitions = Annotated[
    int | None,
    typer.Option(
        help="Partitions of the topics that are split by series.", rich_help_panel="Settings"
    ),
]
Replication = Annotated[
    int | None,
    typer.Option(help="Copies that Kafka keeps of each topic.", rich_help_panel="Settings"),
]


@topics.command()
def create(
    context: typer.Context,
    *,
    broker: Broker = None,
    topic_prefix: Prefix = None,
    partitions: Partitions = None,
    replication: Replication = None,
) -> None:
    """Make the topics that are missing; say what differs in those that are there.

    Nothing that is there is ever changed, so it can be repeated at every start.
    """
    admin = TopicAdmin(
        settings(
            context,
            broker=broker,
            topic_prefix=topic_prefix,
            partitions=partitions,
            replication=replication,
        )
    )
    made = admin.create(admin.look().missing)
    for name in made:
        print(f"made {name}")
    found = admin.look()
    _say_differences(found)
    differing = len({difference.topic for difference in found.differences})
    print(
        f"{len(made)} made, {len(found.present) - len(made) - differing} there already"
        + (f", {differing} there but different (nothing was changed)" if differing else "")
    )


@topics.command(name="list")
def list_(
    context: typer.Context,
    *,
    broker: Broker = None,
    topic_prefix: Prefix = None,
    partitions: Partitions = None,
    replication: Replication = None,
) -> None:
    """Show the topics as they are; exit code 1 when one is missing or different."""
    admin = TopicAdmin(
        settings(
            context,
            broker=broker,
            topic_prefix=topic_prefix,
            partitions=partitions,
            replication=replication,
        )
    )
    found = admin.look()
    Console(soft_wrap=True).print(_table(found))
    _say_differences(found)
    if found.missing or found.differences:
        raise typer.Exit(1)


def _say_differences(found: TopicPlan) -> None:
    for difference in found.differences:
        typer.echo(f"gridcast: {difference}", err=True)


def _table(found: TopicPlan) -> Table:
    table = Table("topic", "state", box=None, pad_edge=False)
    for heading in ("partitions", "copies"):
        table.add_column(heading, justify="right")
    for heading in ("cleanup", "kept"):
        table.add_column(heading)
    differing = {difference.topic for difference in found.differences}
    for topic in found.present:
        state = "[yellow]different[/]" if topic.name in differing else "[green]there[/]"
        table.add_row(topic.name, state, *_columns(topic))
    for topic in found.missing:
        table.add_row(topic.name, "[red]missing[/]", *_columns(topic), style="dim")
    return table


def _columns(topic: TopicState) -> tuple[str, str, str, str]:
    configuration = topic.configuration
    return (
        str(topic.partitions),
        str(topic.replication),
        configuration.get("cleanup.policy", ""),
        _kept(configuration.get("retention.ms", "")),
    )


def _kept(retention_ms: str) -> str:
    """Say how long messages are kept, in days."""
    if not retention_ms.lstrip("-").isdecimal():
        return ""
    milliseconds = int(retention_ms)
    return "for ever" if milliseconds < 0 else f"{milliseconds / 86_400_000:g} days"
