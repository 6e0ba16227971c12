"""`gridcast schema`: export the schemas of the wire."""

from pathlib import Path
from typing import Annotated

import typer

from gridcast.schemas.export import documents
from gridcast.stream.errors import UserError

schema = typer.Typer(
    name="schema",
    add_completion=False,
    no_args_is_help=True,
    help="Export the wire as JSON Schemas and AsyncAPI.",
)


@schema.command()
def export(
    to: Annotated[Path, typer.Option(help="Folder to write to.")] = Path("docs/reference"),
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing. Fail if a file is out of date.")
    ] = False,
) -> None:
    """Write the JSON Schema of every message, and the AsyncAPI 3 document."""
    stale = []
    for name, text in documents().items():
        path = to / name
        if path.exists() and path.read_text("utf-8") == text:
            continue
        stale.append(name)
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
    if check and stale:
        raise UserError(f"not up to date in {to}: {', '.join(stale)} (`gridcast schema export`)")
    typer.echo(f"{to}: {len(documents())} documents, {len(stale)} written")
