"""`gridcast models promote`: make the challenger the champion."""

import typer

from gridcast.cli.models.refusals import ForKind, Json, print_json, title
from gridcast.cli.options import Broker, By, Prefix, settings, who
from gridcast.stream.releases.release_admin import ReleaseAdmin, kind_name


def promote(
    context: typer.Context,
    *,
    kind: ForKind = None,
    by: By = None,
    json: Json = False,
    broker: Broker = None,
    topic_prefix: Prefix = None,
) -> None:
    """Make the challenger the champion. `rollback` undoes it."""
    admin = ReleaseAdmin(settings(context, broker=broker, topic_prefix=topic_prefix))
    before = admin.releases.serving(kind)
    sent = admin.promote(kind, who(by))
    if json:
        print_json(sent)
        return
    former = f" (before: {title(before)})" if before else ""
    print(f"{title(sent[0])} is the champion of {kind_name(kind)}{former}")
    refusal = admin.releases.refusal(sent[0])
    if refusal is not None:
        print(
            f"{refusal.refused_by} could not load it last time: {refusal.because}: {refusal.detail}"
        )
