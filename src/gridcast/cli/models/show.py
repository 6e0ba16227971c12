"""`gridcast models show`: print a model file's contract."""

from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from gridcast.models.contract import Contract, ContractError
from gridcast.models.network import Network
from gridcast.models.serving.selection import UnfitError
from gridcast.stream.errors import UserError
from gridcast.stream.releases.locations import fetch, url_of


def show(
    model: Annotated[
        str,
        typer.Argument(metavar="FILE|URL", help="A model file, an s3: URL, or box:STEP (box:60)."),
    ],
    json: Annotated[bool, typer.Option("--json", help="Print the contract as JSON.")] = False,
) -> None:
    """Check a model file as a worker would, and print its contract.

    Exits with 2 and the reason if it cannot be used: truncated, altered, without a contract, of
    another version, or with quantiles that are not numbers.
    """
    try:
        data = fetch(url_of(model))
        contract = Network.load(data).contract
    except UnfitError as error:
        raise UserError(error.detail) from None
    except ContractError as error:
        raise UserError(f"{model} cannot be used: {error}") from None
    if json:
        print(contract.model_dump_json(indent=2))
    else:
        _print(contract, len(data))


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
    for dataset in contract.trained_on:
        rows[f"trained on {dataset.title}"] = (
            f"{dataset.series} series, {dataset.split.train[0]:%Y-%m-%d} to"
            f" {dataset.split.train[1]:%Y-%m-%d}; {dataset.source}; {dataset.licence}"
        )
    for title, scores in contract.scores.items():
        rows[f"scores on {title}"] = ", ".join(f"{k} {value:.4g}" for k, value in scores.items())
    table = Table("", "", box=None, pad_edge=False, show_header=False)
    for name, text in rows.items():
        table.add_row(escape(name), escape(text))
    Console().print(table)
