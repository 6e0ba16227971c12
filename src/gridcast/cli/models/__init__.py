"""`gridcast models`: inspect model files and manage releases."""

import typer

from gridcast.cli.models.box import box
from gridcast.cli.models.listing import list_
from gridcast.cli.models.promote import promote
from gridcast.cli.models.release import release
from gridcast.cli.models.rollback import rollback
from gridcast.cli.models.show import show
from gridcast.cli.models.withdraw import withdraw

models = typer.Typer(
    name="models",
    add_completion=False,
    no_args_is_help=True,
    help="Inspect model files and manage releases.",
)
models.command()(release)
models.command()(promote)
models.command()(rollback)
models.command()(withdraw)
models.command(name="list")(list_)
models.command()(show)
models.command()(box)
