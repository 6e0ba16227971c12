"""Options and output that the commands for roles share."""

from typing import Annotated

import typer

from gridcast.schemas import Release, SeriesKind
from gridcast.stream.releases.default_release import boxed_release
from gridcast.stream.releases.release_admin import ReleaseAdmin, kind_name
from gridcast.stream.settings import Settings

ForKind = Annotated[
    SeriesKind | None,
    typer.Option(
        "--kind", help="Kind of series.", show_default="kinds without a release of their own"
    ),
]
Model = Annotated[
    str | None,
    typer.Option(
        "--model", metavar="NAME", help="Name of the model.", show_default="as in the file"
    ),
]
Json = Annotated[
    bool, typer.Option("--json", help="Print the messages sent, one JSON object per line.")
]


def title(release: Release) -> str:
    """Return the display name of a release."""
    return f"{release.model} {release.release}"


def print_json(sent: list[Release]) -> None:
    """Print the messages that were sent, for programs."""
    for message in sent:
        print(message.to_bytes().decode())


def who_serves(desk: ReleaseAdmin, settings: Settings, kind: SeriesKind | None) -> str:
    """Return a line about the release that serves a kind of series, as derived from the topic."""
    release = desk.releases.serving(kind)
    if release is not None:
        return f"{title(release)} serves {kind_name(kind)}"
    if kind is not None:
        return f"{kind_name(kind)} has no model of its own: " + who_serves(desk, settings, None)
    box = boxed_release(settings.step_minutes) if settings.model == "box" else None
    if box is not None:
        return f"{title(box)}, the model in the box, serves {kind_name(kind)}"
    return "no model serves: each series is forecast from its own past"
