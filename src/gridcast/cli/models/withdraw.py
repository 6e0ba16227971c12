"""`gridcast models withdraw`: withdraw a release."""

from typing import Annotated

import typer

from gridcast.cli.models.refusals import ForKind, Json, print_json, title, who_serves
from gridcast.cli.options import Broker, By, Prefix, settings, who
from gridcast.stream.releases.release_admin import ReleaseAdmin


def withdraw(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="RELEASE", help="As `list` shows it.")],
    *,
    kind: ForKind = None,
    model: Annotated[
        str | None, typer.Option(metavar="NAME", help="Of which model, if several have it.")
    ] = None,
    by: By = None,
    json: Json = False,
    broker: Broker = None,
    topic_prefix: Prefix = None,
) -> None:
    """Withdraw a release, such as a challenger."""
    chosen = settings(context, broker=broker, topic_prefix=topic_prefix)
    desk = ReleaseAdmin(chosen)
    sent = desk.withdraw(name, kind, model, who(by))
    if json:
        print_json(sent)
        return
    print(f"{title(sent[0])} is withdrawn")
    print(who_serves(desk, chosen, kind))
