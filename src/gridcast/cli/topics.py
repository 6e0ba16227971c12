"""`gridcast topics`: create and check the deployment's topics."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from gridcast.cli.options import Broker, Prefix, settings
from gridcast.stream.kafka.topic_admin import TopicAdmin, TopicPlan, TopicState

topics = typer.Typer(
    name="topics", add_completion=False, help="Create and check the topics.", no_args_is_help=True
)

Partitions = Annotated[
    int | None,
    typer.Option(
        help="Partitions of the topics that are keyed by series.", rich_help_panel="Settings"
    ),
]
Replication = Annotated[
    int | None,
    typer.Option(help="Replication factor of each topic.", rich_help_panel="Settings"),
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
    """Create the missing topics, and report existing ones that differ.

    Existing topics are never changed, so the command can run at every start.
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
    plan = admin.look()
    _say_differences(plan)
    differing = len({difference.topic for difference in plan.differences})
    print(
        f"{len(made)} made, {len(plan.present) - len(made) - differing} there already"
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
    """Show the topics. Exit with 1 if one is missing or differs."""
    admin = TopicAdmin(
        settings(
            context,
            broker=broker,
            topic_prefix=topic_prefix,
            partitions=partitions,
            replication=replication,
        )
    )
    plan = admin.look()
    Console(soft_wrap=True).print(_table(plan))
    _say_differences(plan)
    if plan.missing or plan.differences:
        raise typer.Exit(1)


def _say_differences(plan: TopicPlan) -> None:
    for difference in plan.differences:
        typer.echo(f"gridcast: {difference}", err=True)


def _table(plan: TopicPlan) -> Table:
    table = Table("topic", "state", box=None, pad_edge=False)
    for heading in ("partitions", "copies"):
        table.add_column(heading, justify="right")
    for heading in ("cleanup", "kept"):
        table.add_column(heading)
    differing = {difference.topic for difference in plan.differences}
    for topic in plan.present:
        state = "[yellow]different[/]" if topic.name in differing else "[green]there[/]"
        table.add_row(topic.name, state, *_columns(topic))
    for topic in plan.missing:
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
    """Return the retention in days as text."""
    if not retention_ms.lstrip("-").isdecimal():
        return ""
    milliseconds = int(retention_ms)
    return "for ever" if milliseconds < 0 else f"{milliseconds / 86_400_000:g} days"
