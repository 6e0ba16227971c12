"""`gridcast models`: model files, and what they say of themselves."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from gridcast.models.contract import Contract, ContractError
from gridcast.models.network import Network
from gridcast.stream.box import boxed, boxed_steps
from gridcast.stream.errors import UserError

BOX = "box:"

models = typer.Typer(
    name="models",
    add_completion=False,
    no_args_is_help=True,
    help="Model files, and what they say of themselves.",
)


@models.callback()
def _group() -> None:
    """Model files, and what they say of themselves."""


@models.command()
def box() -> None:
    """List the models that came with this package: show one by `gridcast models show box:60`."""
    table = Table("model", "step min", "horizon h", "trained on", "kB", box=None, pad_edge=False)
    for step in boxed_steps():
        data = boxed(step)
        contract = Network.load(data).contract
        titles = ", ".join(one.title for one in contract.trained_on)
        cells = (f"{BOX}{step}", str(step), str(contract.features.horizon_hours), escape(titles))
        table.add_row(*cells, f"{len(data) / 1000:.0f}")
    Console().print(table)


@models.command()
def show(
    model: Annotated[str, typer.Argument(help="A model file, or box:STEP (box:60).")],
    json: Annotated[bool, typer.Option("--json", help="Print the contract as JSON.")] = False,
) -> None:
    """Check a model file as a worker would, and print its contract.

    Exits with 2 if it cannot be used, and says why: cut short, altered, without a contract, of
    another version, or with quantiles that are not numbers.
    """
    data = _read(model)
    try:
        contract = Network.load(data).contract
    except ContractError as error:
        raise UserError(f"{model} cannot be used: {error}") from None
    if json:
        print(contract.model_dump_json(indent=2))
    else:
        _print(contract, len(data))


def _read(model: str) -> bytes:
    if model.startswith(BOX):
        step = model.removeprefix(BOX)
        if not step.isdigit():
            raise UserError(f"{model}: say the step in minutes, as in box:60")
        return boxed(int(step))
    try:
        return Path(model).read_bytes()
    except OSError as error:
        raise UserError(f"{model}: {error.strerror}") from None


def _print(contract: Contract, size: int) -> None:
    features = contract.features
    rows = {
        "model": contract.model,
        "run": contract.run,
        "network": contract.network,
        "size": f"{size / 1000:.0f} kB",
        "step": f"{features.step_minutes} min",
        "window": f"{features.lookback_hours} h",
        "horizon": f"{features.horizon_hours} h",
        "levels": ", ".join(f"{level:g}" for level in contract.levels),
        "each past hour": ", ".join(contract.past),
        "each slot ahead": ", ".join(contract.future),
        "of the series": ", ".join(contract.static) or "nothing",
        "lam": f"{features.lam:g}" if features.lam else "off: windows are filled, not smoothed",
        "commit": contract.commit,
    }
    for one in contract.trained_on:
        rows[f"trained on {one.title}"] = (
            f"{one.series} series, {one.split.train[0]:%Y-%m-%d} to {one.split.train[1]:%Y-%m-%d};"
            f" {one.source}; {one.licence}"
        )
    for title, scores in contract.scores.items():
        told = ", ".join(f"{name} {value:.4g}" for name, value in scores.items())
        rows[f"scores on {title}"] = told
    table = Table("", "", box=None, pad_edge=False, show_header=False)
    for name, text in rows.items():
        table.add_row(escape(name), escape(text))
    Console().print(table)
