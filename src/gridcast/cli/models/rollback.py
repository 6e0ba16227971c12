"""`gridcast models rollback`: the release that served before serves again."""

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
    """Withdraw the champion: the one before it serves again."""
    chosen = settings(context, broker=broker, topic_prefix=topic_prefix)
    desk = ReleaseAdmin(chosen)
    sent = desk.roll_back(kind, who(by))
    if json:
        print_json(sent)
        return
    for one in sent:
        print(f"{title(one)} is withdrawn")
    print(who_serves(desk, chosen, kind))
