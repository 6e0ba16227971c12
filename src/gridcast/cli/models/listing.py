"""`gridcast models list`: which releases there are, and which of them serve."""

import json as json_module
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from gridcast.cli.models.refusals import title, who_serves
from gridcast.cli.options import Broker, Prefix, settings
from gridcast.models.serving.releases import Releases
from gridcast.schemas import Release, Role
from gridcast.stream.dead_letters.letters import safely
from gridcast.stream.releases.release_admin import ReleaseAdmin, kind_name

COLOURS = {
    "serves": "green",
    "runs beside": "cyan",
    "stands by": "dim",
    "withdrawn": "dim",
    "waits": "yellow",
}


def list_(
    context: typer.Context,
    *,
    withdrawn: Annotated[
        bool, typer.Option("--all", help="Those that were withdrawn, too.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="A JSON object a line.")] = False,
    broker: Broker = None,
    topic_prefix: Prefix = None,
) -> None:
    """Show the releases, the newest first, and what workers said of them.

    Which release a worker has in use at this moment, its metrics say (gridcast_release_info).
    """
    chosen = settings(context, broker=broker, topic_prefix=topic_prefix)
    desk = ReleaseAdmin(chosen)
    known = desk.releases
    found = [one for one in known if withdrawn or one.role is not Role.WITHDRAWN]
    if json:
        for one in found:
            refused = known.refusal(one)
            beside = {
                "state": state(known, one),
                "refused": None if refused is None else refused.model_dump(mode="json"),
            }
            print(json_module.dumps(one.model_dump(mode="json") | beside))
        return
    console = Console(soft_wrap=True, highlight=False)
    for one in found:
        console.print(_lines(known, one))
    if known.serving(None) is None:
        print(who_serves(desk, chosen, None))


def state(known: Releases, release: Release) -> str:
    """Say in a word what becomes of a release, by what is on the topic."""
    kind = release.series_kind
    if release.role is Role.WITHDRAWN:
        return "withdrawn"
    if known.refusal(release) is not None:
        return "refused" if known.is_bad(release) else "waits"
    if release.role is Role.CHALLENGER:
        return "runs beside" if release == known.challengers(kind)[0] else "stands by"
    return "serves" if release == known.serving(kind) else "stands by"


def _lines(known: Releases, release: Release) -> Text:
    """Say in two lines how a release stands, and in a third why it was refused."""
    word = state(known, release)
    text = Text().append(title(release), "bold")
    text.append("  ").append(word, COLOURS.get(word, "red"))
    share = f" for {release.share:g}" if release.role is Role.CHALLENGER else ""
    role = f"{release.role}{share} of {kind_name(release.series_kind)}"
    by = f" by {_plain(release.released_by)}" if release.released_by else ""
    text.append(f"\n  {role}, since {release.released_at:%Y-%m-%dT%H:%M:%SZ}{by}")
    text.append(f"\n  {_plain(release.url)}")
    refused = known.refusal(release)
    if refused is not None:
        at = f"{refused.refused_at:%Y-%m-%dT%H:%M:%SZ}"
        machine = _plain(refused.refused_by)
        text.append(f"\n  refused at {at} by {machine}: {refused.because}: ", "red")
        text.append(_plain(refused.detail), "red")
    return text


def _plain(text: str) -> str:
    return safely(text.encode())
