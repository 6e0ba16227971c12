"""`gridcast models`: model files, and which of them serve."""

import typer

from gridcast.stream.commands.models.box import box
from gridcast.stream.commands.models.listing import list_
from gridcast.stream.commands.models.promote import promote
from gridcast.stream.commands.models.release import release
from gridcast.stream.commands.models.rollback import rollback
from gridcast.stream.commands.models.show import show
from gridcast.stream.commands.models.withdraw import withdraw

models = typer.Typer(
    name="models",
    add_completion=False,
    no_args_is_help=True,
    help="Model files, and which of them serve.",
)
models.command()(release)
models.command()(promote)
models.command()(rollback)
models.command()(withdraw)
models.command(name="list")(list_)
models.command()(show)
models.command()(box)
