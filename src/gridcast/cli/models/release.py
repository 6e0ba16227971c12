"""`gridcast models release`: publish a model file to the workers."""

from enum import StrEnum
from typing import Annotated

import typer

from gridcast.cli.models.refusals import ForKind, Json, Model, print_json, title
from gridcast.cli.options import Broker, By, Prefix, settings, who
from gridcast.schemas import Role
from gridcast.stream.errors import UserError
from gridcast.stream.releases.release_admin import ReleaseAdmin, kind_name

CHALLENGERS_SHARE = 0.1


class As(StrEnum):
    """The role of a new release."""

    CHAMPION = "champion"
    CHALLENGER = "challenger"


def release(
    context: typer.Context,
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE|URL",
            help="A model file, which every worker must find at the same path; or s3://BUCKET/KEY, "
            "or box:STEP.",
        ),
    ],
    *,
    role: Annotated[
        As, typer.Option("--as", help="A champion answers; a challenger is only scored.")
    ],
    kind: ForKind = None,
    share: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            help="Of a challenger: for which share of these series it runs.",
            show_default=str(CHALLENGERS_SHARE),
        ),
    ] = None,
    model: Model = None,
    name: Annotated[
        str | None,
        typer.Option(
            "--release", metavar="NAME", help="Its name.", show_default="the run in the file"
        ),
    ] = None,
    by: By = None,
    json: Json = False,
    broker: Broker = None,
    topic_prefix: Prefix = None,
) -> None:
    """Publish a model file. It is checked here as a worker will check it.

    Your settings determine the deployment's step, horizon and levels (`gridcast config`). Exits
    with 2 and the reason if the model cannot serve here.
    """
    chosen = settings(context, broker=broker, topic_prefix=topic_prefix)
    if role is As.CHAMPION and share is not None:
        raise UserError("--share is for a challenger: a champion serves all series of its kind")
    if share is None:
        share = CHALLENGERS_SHARE if role is As.CHALLENGER else 1.0
    desk = ReleaseAdmin(chosen)
    before = desk.releases.champions(kind)
    made = desk.prepare(file, Role(role), kind, share, who(by), model=model, name=name)
    sent = desk.give_out(made)
    if json:
        print_json(sent)
    elif role is As.CHALLENGER:
        print(f"{title(made)} is the challenger for {share:g} of {kind_name(kind)}")
    else:
        former = f" (before: {title(before[0])})" if before else ""
        print(f"{title(made)} is the champion of {kind_name(kind)}{former}")
        print("the workers load it now; `gridcast models list` shows if they refuse it")
