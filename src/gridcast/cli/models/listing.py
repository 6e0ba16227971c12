"""`gridcast models list`: the releases and their state."""

import json as json_module
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from gridcast.cli.models.refusals import title, who_serves
from gridcast.cli.options import Broker, Prefix, settings
from gridcast.models.serving.release_registry import ReleaseRegistry
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
    withdrawn: Annotated[bool, typer.Option("--all", help="Include withdrawn releases.")] = False,
    json: Annotated[bool, typer.Option("--json", help="A JSON object a line.")] = False,
    broker: Broker = None,
    topic_prefix: Prefix = None,
) -> None:
    """List the releases, newest first, and the workers' refusals.

    The metric gridcast_release_info shows the release that each worker is using.
    """
    chosen = settings(context, broker=broker, topic_prefix=topic_prefix)
    admin = ReleaseAdmin(chosen)
    releases = admin.releases
    listed = [release for release in releases if withdrawn or release.role is not Role.WITHDRAWN]
    if json:
        for release in listed:
            refused = releases.refusal(release)
            beside = {
                "state": state(releases, release),
                "refused": None if refused is None else refused.model_dump(mode="json"),
            }
            print(json_module.dumps(release.model_dump(mode="json") | beside))
        return
    console = Console(soft_wrap=True, highlight=False)
    for release in listed:
        console.print(_lines(releases, release))
    if releases.serving(None) is None:
        print(who_serves(admin, chosen, None))


def state(releases: ReleaseRegistry, release: Release) -> str:
    """Return a release's state in a word, as derived from the topic."""
    kind = release.series_kind
    if release.role is Role.WITHDRAWN:
        return "withdrawn"
    if releases.refusal(release) is not None:
        return "refused" if releases.is_bad(release) else "waits"
    if release.role is Role.CHALLENGER:
        return "runs beside" if release == releases.challengers(kind)[0] else "stands by"
    return "serves" if release == releases.serving(kind) else "stands by"


def _lines(releases: ReleaseRegistry, release: Release) -> Text:
    """Return a release's state in two lines, and a refusal in a third."""
    word = state(releases, release)
    text = Text().append(title(release), "bold")
    text.append("  ").append(word, COLOURS.get(word, "red"))
    share = f" for {release.share:g}" if release.role is Role.CHALLENGER else ""
    role = f"{release.role}{share} of {kind_name(release.series_kind)}"
    by = f" by {_plain(release.released_by)}" if release.released_by else ""
    text.append(f"\n  {role}, since {release.released_at:%Y-%m-%dT%H:%M:%SZ}{by}")
    text.append(f"\n  {_plain(release.url)}")
    refused = releases.refusal(release)
    if refused is not None:
        at = f"{refused.refused_at:%Y-%m-%dT%H:%M:%SZ}"
        machine = _plain(refused.refused_by)
        text.append(f"\n  refused at {at} by {machine}: {refused.because}: ", "red")
        text.append(_plain(refused.detail), "red")
    return text


def _plain(text: str) -> str:
    return safely(text.encode())
