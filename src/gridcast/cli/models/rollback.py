"""`gridcast models rollback`: return to the former champion."""

import typer

from gridcast.cli.models.refusals import ForKind, Json, print_json, title, who_serves
from gridcast.cli.options import Broker, By, Prefix, settings, who
from gridcast.stream.releases.release_admin import ReleaseAdmin


def rollback(
    context: typer.Context,
    *,
    kind: ForKind = None,
    by: By = None,
    json: Json = False,
    broker: Broker = None,
    topic_prefix: Prefix = None,
) -> None:
    """Withdraw the champion. The one before it serves again."""
    chosen = settings(context, broker=broker, topic_prefix=topic_prefix)
    desk = ReleaseAdmin(chosen)
    sent = desk.roll_back(kind, who(by))
    if json:
        print_json(sent)
        return
    for release in sent:
        print(f"{title(release)} is withdrawn")
    print(who_serves(desk, chosen, kind))
